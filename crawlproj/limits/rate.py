"""How many requests a second a site accepts: learnt from its refusals and from what it tells."""

from __future__ import annotations

from math import inf, isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    from crawlproj.limits.headers import RatePolicy

_ENOUGH = 8  # accepted requests that make a measurement
_FIRST_RATE = 20.0  # requests/s of which a half is tried where nothing was measured
_KEEP = 0.96  # of what was measured, to start from again
_TOLD_SHARE = 0.98  # of a rate the site tells, to stay clear of its rounding
_LEAST_HOLD_S = 4.0
_HOLD_REQUESTS = 35.0
_MOST_PATIENCE = 2.0
_PROBE = 0.08  # by how much more is tried after twice the hold
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.15, 60.0
_PAUSE_GROWTH = 2.0
_WINDOW_S = 2.0  # refused for longer, it is a window's end that is waited for
_LOWEST_RATE = 1 / 3600
_BURST_S = 0.05  # starts may be late by so much and still catch up: timers are


class RateLimit:
    """Requests a second, infinite until the site refuses one (429) or tells its rate. Pure.

    *Admission* is GCRA (ITU-T I.371, Annex A): a theoretical arrival time moves on by 1/rate with
    each start, and a start may be 50 ms early. After a refusal one request tries whether the site
    accepts again, and after a pause that doubles while it does not.

    *Measuring*: a token bucket is empty at each refusal, so between two refusals it let through
    exactly rate × time; a fixed window lets through its quota from refusal to refusal. So
    ``accepted / time`` since the previous refusal is the rate, however the starts were spread.
    With fewer than eight accepted, the rate falls by 30 % and the measuring goes on.

    *Growing*, while it is used: CUBIC (RFC 9438 §4.1) in relative form. With ``peak`` the measured
    rate, ``hold`` the seconds to come back to it and x = t / hold − 1,
    ``rate(t) = peak · (1 + (1 − start/peak) · x³)``: flat around the peak, then ever faster.
    ``hold`` is at least 35 requests, so that looking for more costs few refusals at any rate, and
    doubles, once, while the looking finds the same rate again.

    most: requests/s never to exceed, whatever the site bears.

    Times are seconds on the caller's clock.
    """

    __slots__ = (
        "_accepted",
        "_allowed",
        "_anchor",
        "_changed_at",
        "_cuts",
        "_cycle_accepted",
        "_cycle_at",
        "_grown_s",
        "_hold_s",
        "_most",
        "_patience",
        "_paused_s",
        "_peak",
        "_peak_seen",
        "_rate",
        "_refused_in_a_row",
        "_refused_since",
        "_rng",
        "_second",
        "_second_at",
        "_start",
        "_started",
        "_tat",
        "_told",
        "blocked_until",
        "trying",
    )

    def __init__(self, rng: random.Random, most: float = inf) -> None:
        self.blocked_until = 0.0
        self.trying = False  # one request at a time until one is accepted
        self._rng = rng
        self._rate = inf
        self._told = self._most = most
        self._peak = inf
        self._start = inf
        self._hold_s = _LEAST_HOLD_S
        self._patience = 1.0
        self._peak_seen = 0.0
        self._changed_at = -inf  # refusals of requests started before say nothing new
        self._cuts = 0  # since the anchor, for want of a measurement
        self._paused_s = 0.0  # since the anchor
        self._anchor = -inf  # since when accepted requests are counted
        self._accepted = 0
        self._started = 0  # since _changed_at
        self._allowed = 0.0  # since then, by the rate as it was: whether it is used
        self._grown_s = 0.0  # until how long after _changed_at that is counted
        self._refused_in_a_row = 0
        self._second_at = -inf  # of the accepted that _second counts, until the first refusal
        self._second = 0
        self._tat = -inf
        self._refused_since = -inf
        self._cycle_at = -inf  # when the site accepted again after a window, or first
        self._cycle_accepted = 0

    @property
    def rate(self) -> float:
        """Requests/s; infinite while nothing is known."""
        return min(self._rate, self._told)

    def ready_at(self) -> float:
        """Return when the next request may start."""
        rate = min(self._rate, self._told)
        if rate == inf:
            return self.blocked_until
        return max(self.blocked_until, self._tat - _BURST_S)

    def room(self, now: float) -> float:
        """Return how many requests could start now, one after the other."""
        rate = min(self._rate, self._told)
        if rate == inf:
            return inf
        return 1 + max(0.0, now + _BURST_S - max(self._tat, now)) * rate

    def on_start(self, now: float) -> None:
        """A request starts."""
        rate = min(self._rate, self._told)
        if rate != inf:
            self._tat = max(now, self._tat) + 1 / rate
            self._started += 1

    def on_accepted(self, now: float, started_at: float) -> None:
        """A request was answered, with whatever but a refusal."""
        self._accepted += 1
        self._cycle_accepted += 1
        if self._cycle_at == -inf:
            self._cycle_at = now
        if self._rate == inf:
            if now - self._second_at > 1:
                self._second_at, self._second = now, 0
            self._second += 1
            return
        if started_at >= self._changed_at:
            if self._refused_in_a_row and now - self._refused_since > _WINDOW_S:
                self._resume(now)
            self._refused_in_a_row = 0
            self.trying = False
            self._grow(now)

    def on_refused(self, now: float, started_at: float, retry_after_s: float | None) -> None:
        """A request was refused (429), perhaps with the seconds to stay away."""
        if retry_after_s is not None:
            # Never shortened; spread upwards, so that a fleet does not come back as one.
            self.blocked_until = max(
                self.blocked_until, now + retry_after_s * (1 + 0.05 * self._rng.random())
            )
        if started_at < self._changed_at:
            return
        if not self._refused_in_a_row:
            self._refused_since = now
        self._refused_in_a_row += 1
        self._cut(now)
        longer = _PAUSE_GROWTH ** min(32, self._refused_in_a_row - 1)
        pause_s = min(_LONGEST_PAUSE_S, max(_FIRST_PAUSE_S, 0.5 / self._rate) * longer)
        self._changed_at = now
        self._started = 0
        self._allowed = self._grown_s = 0.0
        self.trying = True
        self._tat = max(self._tat, now)
        self.blocked_until = max(self.blocked_until, now + pause_s)
        self._paused_s += self.blocked_until - now

    def on_policy(self, now: float, policy: RatePolicy) -> None:
        """The site told its quota."""
        told = inf if policy.rate is None else _TOLD_SHARE * policy.rate
        if policy.remaining is not None and policy.reset_s:
            if policy.remaining < 1:
                self.blocked_until = max(self.blocked_until, now + policy.reset_s)
            elif policy.rate is None or policy.remaining < policy.rate * policy.reset_s / 2:
                # With half of it left, a little faster: a quota that stays whole is not used.
                ample = policy.quota is not None and 2 * policy.remaining >= policy.quota
                told = min(told, (1.1 if ample else 1.0) * policy.remaining / policy.reset_s)
        if told < inf:
            self._told = min(self._most, max(_LOWEST_RATE, told))
            if self._tat == -inf:
                self._tat = now

    def restart(self, rate: float, now: float) -> None:
        """Go on from a rate that an earlier crawl learned, growing from there."""
        if 0 < rate < inf:
            self._settle(now, rate, 1.0, 1.0)
            self._changed_at = now
            self._started = 0
            self._allowed = self._grown_s = 0.0

    def _cut(self, now: float) -> None:
        before = min(self._rate, self._told)
        if self._refused_in_a_row > 1:
            return  # nothing was accepted since the last cut: only the pause grows
        if before == inf:
            # What was accepted lately, of which a bucket that was full may have given half.
            span_s = min(1.0, max(0.25, now - self._second_at))
            peak = self._second / span_s
            if self._accepted < _ENOUGH:
                peak = max(_FIRST_RATE, peak)  # it has had no time to show what it accepts
            self._settle(now, peak, 0.5, 1.0)
        elif self._accepted >= _ENOUGH and (elapsed_s := now - self._counted_since) > 0:
            again = self._cuts and now - self._changed_at < self._hold_s
            if again or self._paused_s > 0.3 * elapsed_s:
                peak, share = min(before, self._accepted / elapsed_s), _KEEP
            else:
                # Our own rate held us: the site's is near, but accepted / time is not it.
                peak, share = 0.95 * before, 0.93
            same = abs(peak / self._peak_seen - 1) < 0.15 if self._peak_seen else False
            self._patience = min(_MOST_PATIENCE, 2 * self._patience) if same else 1.0
            self._peak_seen = peak
            self._settle(now, peak, share, self._patience)
        else:
            # Back to what was seen before: few refusals in a row may be a window's end.
            self._rate = self._start = max(_LOWEST_RATE, 0.7 * before)
            self._peak = max(0.85 * before, self._peak_seen)
            self._hold_s = self._hold_of(self._peak)
            self._cuts += 1

    @property
    def _counted_since(self) -> float:
        return max(self._anchor, self._cycle_at)

    def _resume(self, now: float) -> None:
        """Accepted again after so long that a window must have ended: its quota is known."""
        elapsed_s = max(_WINDOW_S, now - self._cycle_at)
        self._settle(now, self._cycle_accepted / elapsed_s, _KEEP, 1.0)
        self._changed_at = now
        self._started = 0
        self._allowed = self._grown_s = 0.0
        self._cycle_at, self._cycle_accepted = now, 0

    def _settle(self, now: float, peak: float, share: float, patience: float) -> None:
        self._peak = max(_LOWEST_RATE, peak)
        self._rate = self._start = max(_LOWEST_RATE, peak * share)
        self._hold_s = self._hold_of(peak) * patience
        self._anchor = now
        self._accepted = 0
        self._cuts = 0
        self._paused_s = 0.0

    @staticmethod
    def _hold_of(rate: float) -> float:
        return max(_LEAST_HOLD_S, _HOLD_REQUESTS / rate)

    def _grow(self, now: float) -> None:
        since_s = now - max(self._changed_at, self.blocked_until)
        if since_s <= 0 or not isfinite(since_s):
            return
        self._allowed += self._rate * (since_s - self._grown_s)
        self._grown_s = since_s
        if self._started < 0.7 * self._allowed:
            return  # not used: nothing is learnt about more
        x = since_s / self._hold_s - 1
        self._rate = max(
            self._rate, self._peak * (1 + max(_PROBE, 1 - self._start / self._peak) * x**3)
        )
