"""Additive increase, multiplicative decrease."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.limits.base import Limit, Outcome

if TYPE_CHECKING:
    from crawlproj.limits.base import Bounds, Sample

_DECREASE = 0.9
_TIMEOUT_S = 5.0


class Aimd(Limit):
    """Adds 1 per window of ``limit`` answers while the limit is used; × 0.9 on a drop.

    Source: Chiu and Jain, "Analysis of the increase and decrease algorithms for congestion
    avoidance in computer networks" (1989). The constants, the rule that an answer slower than 5 s
    counts as dropped, and growth only while at least half of the limit is used come from Netflix's
    concurrency-limits (AIMDLimit). Unlike AIMDLimit, it cuts at most once per window: requests sent
    before the last cut do not show its effect.
    """

    def __init__(self, bounds: Bounds) -> None:
        super().__init__(bounds)
        self._cut_at = float("-inf")

    def on_sample(self, sample: Sample) -> None:
        if sample.outcome is Outcome.IGNORE:
            return
        if sample.outcome is Outcome.DROPPED or sample.rtt_s > _TIMEOUT_S:
            if sample.started_at >= self._cut_at:
                self._cut_at = sample.ended_at
                self.limit = self.bounds.clamp(self.limit * _DECREASE)
        elif sample.in_flight * 2 >= self.limit:
            self.limit = self.bounds.clamp(self.limit + 1 / max(1.0, self.limit))
