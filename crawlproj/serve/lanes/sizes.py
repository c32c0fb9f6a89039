"""How large the lanes may become, and how long their queries may run."""

from __future__ import annotations

import time
from dataclasses import dataclass

from crawlproj.limits.base import Bounds
from crawlproj.limits.knee import Knee
from crawlproj.serve.lanes.lane import Lane


@dataclass(frozen=True, slots=True)
class Sizes:
    """fast, slow: the most queries at a time; the estimators find how many below that.

    fast_s, slow_s: how long a query may run, in seconds. fast_queue, slow_queue: how many may wait.
    fast_patience_s, slow_patience_s: how long.
    """

    fast: int = 8
    slow: int = 2
    fast_s: float = 0.25
    slow_s: float = 10.0
    fast_queue: int = 256
    slow_queue: int = 8
    fast_patience_s: float = 1.0
    slow_patience_s: float = 5.0

    def fast_lane(self) -> Lane:
        """Return a fast lane of this size."""
        return Lane(
            Knee(Bounds(start=min(4, self.fast), min=1, max=self.fast)),
            queue=self.fast_queue,
            patience_s=self.fast_patience_s,
            limit_s=self.fast_s,
            heavy=False,
            clock=time.monotonic,
        )

    def slow_lane(self) -> Lane:
        """Return a slow lane of this size."""
        return Lane(
            Knee(Bounds(start=self.slow, min=1, max=self.slow)),
            queue=self.slow_queue,
            patience_s=self.slow_patience_s,
            limit_s=self.slow_s,
            heavy=True,
            clock=time.monotonic,
        )
