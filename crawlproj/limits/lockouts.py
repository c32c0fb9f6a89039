"""Tells a used-up quota from a penalty, when a site refuses everything for a while. Pure."""

from __future__ import annotations

from math import inf
from typing import NamedTuple

_LASTS_S = 2.0  # a shorter time of refusals is not a lockout
_LONGEST_HOLD_S, _HOLD = 120.0, 0.4  # of a window: the time to return to its rate
_MORE = 1.1  # times its quota: no window lets through so much
_KEEP = 0.96  # of the measured rate, to start from again
_SAME, _AS_MUCH = 0.75, 1.35  # of a window's rate: whether another one has the same
_FASTER = 1.25  # times a window's rate: a slower one does not show whether there is one
_NEARLY = 0.1  # of a window: whether another one is as long
_SLOWER = 0.7  # times the rate that earned a penalty
_RARELY = 10.0  # times the length of a penalty: until more is tried


class Rate(NamedTuple):
    """The rates after a lockout: ``start`` requests/s, growing to ``peak``."""

    peak: float
    start: float


class Lockouts:
    """Watches the times in which a site refuses everything: *lockouts*.

    A *window* lets through its quota from one lockout to the next, however fast that is sent. So
    its rate is what was accepted since the previous lockout, divided by the time. After a
    *penalty*, as firewalls and content delivery networks impose, a rate so measured is too low: of
    a site that allows 10 requests in 10 s, and refuses all for five minutes after the 11th, it is a
    thirtieth. So the first window is in doubt, and the site is asked ever faster. A window does not
    let through more, and its next lockout ends when the window does. If the site accepts more than
    the quota in a window, or its lockout ends at another time, lockouts are penalties.

    After a penalty, the rate is the highest that was accepted for long, or else 0.7 of the one that
    earned it. More is tried after ten times the penalty, so that it costs a tenth of the time at
    most.

    Times are seconds on the caller's clock.
    """

    __slots__ = (
        "_accepted",
        "_began_at",
        "_due_at",
        "_ended_at",
        "_in_window",
        "_kept",
        "_most",
        "_pause_s",
        "_penalties",
        "_rate",
        "_window",
        "_window_s",
        "hold_s",
        "in_doubt",
    )

    def __init__(self) -> None:
        self.hold_s = 0.0  # the least time until more is tried; 0 for no bound
        self.in_doubt = False  # whether what was taken for a window may have been a penalty
        self._window = self._window_s = 0.0  # its rate and length; 0 before the first lockout
        self._most = inf  # requests that one may let through
        self._due_at = inf  # when the present one ends
        self._in_window = 0  # accepted in it
        self._pause_s = 0.0  # during which the latest lockout ended at some time
        self._penalties = False  # whether lockouts are penalties
        self._began_at = -inf  # the latest refusals
        self._rate = self._kept = 0.0  # at that time, and what was accepted for long until then
        self._ended_at = -inf  # the previous lockout, or when the first request was accepted
        self._accepted = 0  # since then

    @property
    def ended_at(self) -> float:
        """When the latest lockout ended, or the first request was accepted; -inf before."""
        return self._ended_at

    @property
    def doubt_s(self) -> float:
        """``hold_s`` while it is in doubt, else 0."""
        return self.hold_s if self.in_doubt else 0.0

    def doubt(self, hold_s: float) -> None:
        """Continue with the doubt of an earlier crawl; 0 if it had none."""
        if hold_s:
            self.in_doubt, self.hold_s = True, hold_s

    def on_accepted(self, now: float) -> bool:
        """Count a request that was accepted; return whether it shows that there is no window."""
        self._accepted += 1
        if self._ended_at == -inf:
            self._ended_at = now
        if not self._window or self._penalties:
            return False
        while now >= self._due_at:
            self._due_at += self._window_s
            self._in_window = 0
        self._in_window += 1
        if self._in_window <= self._most:
            return False
        self.in_doubt, self._penalties = False, True
        self.hold_s = 0.0
        return True

    def begin(self, now: float, rate: float, kept: float) -> None:
        """Note the first refusal after an accepted request.

        rate: requests/s until then. kept: those that were accepted for long before; 0 for none.
        """
        is_long = self.hold_s > 0 and not self.in_doubt
        self._began_at, self._rate, self._kept = now, rate, kept if is_long else 0.0

    def lasts_s(self, now: float) -> float:
        """Return the seconds since ``begin``."""
        return now - self._began_at

    def is_over(self, now: float) -> bool:
        """Return whether a request accepted now ends a lockout."""
        return self.lasts_s(now) > _LASTS_S

    def end(self, now: float, pause_s: float) -> Rate:
        """Return what to continue with.

        pause_s: the latest pause, during which the lockout ended at some time.
        """
        since_s = max(_LASTS_S, now - self._ended_at)
        window_s = max(_LASTS_S, since_s - pause_s / 2)
        measured = self._accepted / window_s
        lasted_s = now - self._began_at
        quota, self._accepted, self._ended_at = self._accepted, 0, now
        if not self._window:
            self.in_doubt = True
        elif self.in_doubt:
            same_rate = _SAME <= measured / self._window <= _AS_MUCH
            was_fast = self._rate > _FASTER * self._window
            self._penalties = was_fast and not (same_rate and self._is_due(window_s, pause_s))
            self.in_doubt = not (was_fast or same_rate)
        self._pause_s = pause_s
        if self._penalties:
            self.hold_s = _RARELY * lasted_s
            peak = self._kept or _SLOWER * self._rate
            return Rate(peak, _KEEP * peak)
        self._window, self._window_s = measured, window_s
        self._due_at, self._in_window = now + window_s, 0
        shortest_s = max(_LASTS_S, window_s - pause_s / 2)
        self._most = _MORE * quota * window_s / shortest_s + 1
        self.hold_s = min(_LONGEST_HOLD_S, _HOLD * window_s)
        return Rate(measured, _KEEP * measured * window_s / since_s)

    def _is_due(self, after_s: float, pause_s: float) -> bool:
        """Return whether the lockout ended with a window, ``after_s`` after the previous one."""
        windows = max(1, round(after_s / self._window_s))
        off_s = abs(after_s - windows * self._window_s)
        # Each of both ended at some time during a pause.
        return off_s <= _NEARLY * self._window_s + (pause_s + self._pause_s) / 2
