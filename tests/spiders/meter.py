"""A limiter for test sites."""

from __future__ import annotations

import time


class Meter:
    """Lets one request pass each ``every_s`` seconds, and ``burst`` more ahead of their time."""

    def __init__(self, every_s: float, burst: int) -> None:
        self._every_s = every_s
        self._burst = burst
        self._free_at = 0.0
        self.refused = 0

    def passes(self) -> bool:
        """Whether a request that comes now passes."""
        now = time.monotonic()
        if self._free_at > now + self._burst * self._every_s:
            self.refused += 1
            return False
        self._free_at = max(now, self._free_at) + self._every_s
        return True
