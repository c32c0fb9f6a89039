"""Even intervals between the starts of requests."""

from __future__ import annotations

from math import inf

_BURST_S = 0.05  # a start this late may catch up, because timers are late
_EARLY = 0.98  # of the time between two starts: a shorter one was early
_LESS, _MORE, _LEAST_BURST_S = 0.25, 2.0, 0.001  # changes of what may be caught up


class Spacing:
    """GCRA (ITU-T I.371, Annex A): each start moves the time of the next one on by 1/rate. Pure.

    A start up to 50 ms late is caught up by the next ones, because timers are late; after a longer
    time without starts, nothing is. A limiter without a burst refuses what comes early: each such
    refusal leaves a quarter of the 50 ms, each other one doubles it again.

    due: when the next start is due, on the caller's clock; -inf before the first.
    """

    __slots__ = ("_burst_s", "_last_start", "due")

    def __init__(self) -> None:
        self.due = -inf
        self._last_start = -inf
        self._burst_s = _BURST_S

    def late_s(self, now: float, ready_at: float) -> float:
        """Return the lateness of a start now that may be caught up; none after an idle time.

        ready_at: since when requests may start.
        """
        late_s = now - ready_at
        return late_s if 0 < late_s <= self._burst_s else 0.0

    def on_start(self, now: float, ready_at: float, rate: float) -> bool:
        """Note a start; return whether it was sooner than 1/rate after the last."""
        early = now - self._last_start < _EARLY / rate
        self._last_start = now
        self.due = max(self.due, now - self.late_s(now, ready_at)) + 1 / rate
        return early

    def on_refused(self, *, early: bool) -> None:
        """Note that a request was refused. early: what ``on_start`` returned for it."""
        if early:
            self._burst_s *= _LESS
        else:
            self._burst_s = min(_BURST_S, max(_LEAST_BURST_S, _MORE * self._burst_s))
