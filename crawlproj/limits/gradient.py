"""The ratio of long-term to short-term latency."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crawlproj.limits.base import Limit, Outcome

if TYPE_CHECKING:
    from crawlproj.limits.base import Bounds, Sample

_TOLERANCE = 1.5
_SMOOTHING = 0.2
_LONG_WINDOW = 600
_WARM_UP = 10
_QUEUE = 4.0


class Gradient(Limit):
    """``limit ← 0.8 limit + 0.2 (g · limit + 4)`` with ``g = clamp(1.5 · long / short, 0.5, 1)``.

    short: latency of the latest sample. long: exponential average over 600 samples, starting as the
    mean of the first 10; while it is more than twice ``short``, it shrinks by 5 % per sample.

    Source: Netflix's concurrency-limits (Gradient2Limit), which ignores drops too.
    """

    def __init__(self, bounds: Bounds) -> None:
        super().__init__(bounds)
        self._long_s = 0.0
        self._samples = 0

    def on_sample(self, sample: Sample) -> None:
        if sample.outcome is not Outcome.SUCCESS or sample.rtt_s <= 0:
            return
        short_s = sample.rtt_s
        self._samples += 1
        if self._samples <= _WARM_UP:
            self._long_s += (short_s - self._long_s) / self._samples
        else:
            self._long_s += (short_s - self._long_s) * 2 / (_LONG_WINDOW + 1)
        if self._long_s > 2 * short_s:
            self._long_s *= 0.95
        if sample.in_flight * 2 < self.limit:
            return
        gradient = min(1.0, max(0.5, _TOLERANCE * self._long_s / short_s))
        wanted = gradient * self.limit + _QUEUE
        smoothed = (1 - _SMOOTHING) * self.limit + _SMOOTHING * wanted
        if math.isfinite(smoothed):
            self.limit = self.bounds.clamp(smoothed)
