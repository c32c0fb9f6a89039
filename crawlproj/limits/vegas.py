"""The queue length, by Little's law, from the lowest latency seen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crawlproj.limits.base import Limit, Outcome

if TYPE_CHECKING:
    from crawlproj.limits.base import Bounds, Sample

_PROBE_EVERY = 30  # times the limit, in samples


class Vegas(Limit):
    """Keeps ``queue = limit (1 − rtt0 / rtt)`` between α = 3 and β = 6, times log10 of the limit.

    rtt0 is the lowest latency seen since the last probe; every 30 · limit samples, a probe sets it
    to the latest one. The limit grows by β while the queue is up to log10(limit), and by
    log10(limit) while it is below α. It shrinks by log10(limit) above β and on a drop.

    Source: Brakmo and Peterson, "TCP Vegas" (1995), with the constants of Netflix's
    concurrency-limits (VegasLimit).
    """

    def __init__(self, bounds: Bounds) -> None:
        super().__init__(bounds)
        self._rtt0_s = math.inf
        self._since_probe = 0

    def on_sample(self, sample: Sample) -> None:
        if sample.outcome is Outcome.IGNORE:
            return
        step = max(1.0, math.log10(max(1.0, self.limit)))
        if sample.outcome is Outcome.DROPPED:
            self.limit = self.bounds.clamp(self.limit - step)
            return
        if sample.rtt_s <= 0:
            return
        self._since_probe += 1
        if self._since_probe >= _PROBE_EVERY * self.limit or sample.rtt_s < self._rtt0_s:
            self._since_probe = 0
            self._rtt0_s = sample.rtt_s
            return
        if sample.in_flight * 2 < self.limit:
            return
        queue = math.ceil(self.limit * (1 - self._rtt0_s / sample.rtt_s))
        alpha, beta = 3 * step, 6 * step
        if queue <= step:
            self.limit = self.bounds.clamp(self.limit + beta)
        elif queue < alpha:
            self.limit = self.bounds.clamp(self.limit + step)
        elif queue > beta:
            self.limit = self.bounds.clamp(self.limit - step)
