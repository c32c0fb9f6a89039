"""A limit that never moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.limits.base import Limit

if TYPE_CHECKING:
    from crawlproj.limits.base import Bounds, Sample


class Fixed(Limit):
    """Always ``bounds.max``, as CONCURRENT_REQUESTS_PER_DOMAIN does."""

    def __init__(self, bounds: Bounds) -> None:
        super().__init__(bounds)
        self.limit = bounds.max

    def on_sample(self, sample: Sample) -> None:
        """Change nothing."""

    def restart(self, limit: float, unloaded_s: float = 0.0) -> None:
        """Change nothing."""
