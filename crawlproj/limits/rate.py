"""The requests a second that a site accepts, learned from its refusals and announced quotas."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from crawlproj.limits.announced import Announced
from crawlproj.limits.growth import PROBE, Growth
from crawlproj.limits.lockouts import Lockouts
from crawlproj.limits.spacing import Spacing

if TYPE_CHECKING:
    import random

    from crawlproj.limits.headers import RatePolicy

_ENOUGH = 8  # accepted requests that make a measurement
_FIRST_RATE = 20.0  # requests/s; half of it is tried first when nothing was measured
_KEEP = 0.96  # of the measured rate, to start from again
_MIN_HOLD_S = 4.0
_HOLD_REQUESTS = 35.0
_MAX_HOLD_FACTOR = 2.0
_TEST = 1.0  # as PROBE, while it is in doubt whether there is a window
_FIRST_PAUSE_S, _MAX_PAUSE_S = 0.15, 60.0
_PAUSE_GROWTH = 2.0
_HOUR_S = 3600.0
_LONGER = 0.1  # of a lockout: a pause may be as long, because each request may extend it
_MIN_RATE = 1 / 3600


class RateLimit:
    """Requests a second; infinite until the site refuses a request (429) or announces a rate. Pure.

    *Admission*: requests start at even intervals (``Spacing``). After a refusal there is a pause,
    then a single request tries whether the site accepts again; the pause doubles until it does.

    *Measuring*: a token bucket is empty at each refusal, so between two refusals it let through
    exactly rate × time; a fixed window lets through its quota from refusal to refusal. So
    ``accepted / time`` since the previous refusal is the rate, however the starts were spread.
    With fewer than eight accepted, the rate falls by 30 % and measuring continues. A sliding window
    is still full then of what came before, so the rate is to grow back to what was accepted a
    second between the last two times of refusals.

    *Growing* (``Growth``) returns to the measured rate, the peak, and then tries more. The time it
    takes, the hold, is that of at least 35 requests, so that probing for more costs few refusals at
    any rate. It doubles, once, when probing finds the same rate again, and is at least as long as
    ``Lockouts`` asks for after refusals that went on for long. Beyond a peak that was found twice,
    or after such a lockout, ``rate(t) = peak · (1 + 0.08 · x³)``: what is wrong with the rate shows
    late. While nobody knows whether there is a window, it is ``peak · (1 + x³)``.

    maximum: requests/s never to exceed, whatever the site accepts.

    Times are seconds on the caller's clock.
    """

    __slots__ = (
        "_accepted",
        "_anchor",
        "_announced",
        "_cuts",
        "_growth",
        "_hold_factor",
        "_maximum",
        "_pause_s",
        "_paused_s",
        "_peak_seen",
        "_quota",
        "_refused_in_a_row",
        "_rng",
        "_second",
        "_second_at",
        "_spacing",
        "_usual",
        "blocked_until",
        "lockouts",
        "trying",
    )

    def __init__(self, rng: random.Random, maximum: float = inf) -> None:
        self.blocked_until = 0.0
        self.trying = False  # one request at a time until one is accepted
        self._rng = rng
        self._growth = Growth(_MIN_HOLD_S)  # refusals of what started before it changed are not new
        self._announced = self._maximum = maximum
        self._hold_factor = 1.0
        self._peak_seen = 0.0
        self.lockouts = Lockouts()
        self._usual = 0.0  # requests/s accepted between the last two times of refusals
        self._cuts = 0  # since the anchor, without a measurement
        self._pause_s = 0.0  # the latest one
        self._paused_s = 0.0  # since the anchor
        self._anchor = -inf  # since when accepted requests are counted
        self._accepted = 0
        self._refused_in_a_row = 0
        self._second_at = -inf  # start of the second whose accepted requests _second counts
        self._second = 0
        self._spacing = Spacing()
        self._quota = Announced()

    @property
    def rate(self) -> float:
        """Requests/s; infinite while unknown."""
        return min(self._growth.rate, self._announced)

    @property
    def since(self) -> float:
        """When the rate was last lowered by a refusal, unix seconds; 0 if it never was."""
        return max(0.0, self._growth.changed_at)

    @property
    def by(self) -> str:
        """Where the rate comes from: "refused", "announced", or "set"; "" without a bound."""
        if self.rate == inf:
            return ""
        if self._growth.rate <= self._announced:
            return "refused"
        return "announced" if self._announced < self._maximum else "set"

    def set_maximum(self, maximum: float) -> None:
        """Never exceed ``maximum`` requests/s from now on; infinite: no bound."""
        announced = self._announced < self._maximum
        self._maximum = maximum
        self._announced = min(self._announced, maximum) if announced else maximum

    def ready_at(self) -> float:
        """Return when the next request may start."""
        if self._growth.rate == inf == self._announced or self._spacing.due < self.blocked_until:
            return self.blocked_until
        return self._spacing.due

    def room(self, now: float) -> float:
        """Return how many requests could start now in a row."""
        rate = self.rate
        if rate == inf:
            return inf
        return 1 + self._spacing.late_s(now, self.ready_at()) * rate

    def on_start(self, now: float) -> bool | None:
        """Note the start of a request; return whether it was sooner than 1/rate after the last.

        Returns None without a rate.
        """
        rate = self.rate
        if rate == inf:
            return None
        self._growth.on_start()
        return self._spacing.on_start(now, self.ready_at(), rate)

    def on_accepted(self, now: float, started_at: float) -> None:
        """Note an answer other than a refusal."""
        self._accepted += 1
        if self.lockouts.on_accepted(now):
            self._settle(now, self._growth.rate, 1.0, 1.0)
            self._growth.begin(now)
        if self._growth.rate == inf:
            if now - self._second_at > 1:
                self._second_at, self._second = now, 0
            self._second += 1
            return
        if started_at >= self._growth.changed_at:
            if self._refused_in_a_row:
                if self.lockouts.is_over(now):
                    self._resume(now)
                else:
                    self.lockouts.in_doubt = False  # a penalty would last
            self._refused_in_a_row = 0
            self.trying = False
            self._grow(now)

    def on_refused(
        self,
        now: float,
        started_at: float,
        retry_after_s: float | None,
        *,
        early: bool | None = None,
    ) -> None:
        """Note a refusal (429), with the seconds it asks to wait, if any.

        early: what ``on_start`` returned for the request.
        """
        if retry_after_s is not None:
            # Never shortened; spread upwards, so that the workers of a fleet return one by one.
            self.blocked_until = max(
                self.blocked_until, now + retry_after_s * (1 + 0.05 * self._rng.random())
            )
        if started_at < self._growth.changed_at:
            return
        self._spacing.on_refused(early=bool(early))
        if not self._refused_in_a_row:
            growth = self._growth
            is_probing = growth.is_probing(now, self.blocked_until)
            self.lockouts.begin(now, growth.rate, growth.peak if is_probing else 0.0)
        self._refused_in_a_row += 1
        self._cut(now)
        longer = _PAUSE_GROWTH ** min(32, self._refused_in_a_row - 1)
        longest_s = max(_MAX_PAUSE_S, min(_HOUR_S, _LONGER * self.lockouts.lasts_s(now)))
        pause_s = min(longest_s, max(_FIRST_PAUSE_S, 0.5 / self._growth.rate) * longer)
        self._pause_s = pause_s
        self._growth.begin(now)
        self.trying = True
        self._spacing.due = max(self._spacing.due, now)
        self.blocked_until = max(self.blocked_until, now + pause_s)
        self._paused_s += self.blocked_until - now

    def on_policy(self, now: float, policy: RatePolicy) -> None:
        """Note the quota that the site announced."""
        if policy.remaining is not None and policy.remaining < 1 and policy.reset_s:
            self.blocked_until = max(self.blocked_until, now + policy.reset_s)
        announced = self._quota.rate_of(now, policy)
        if announced < inf:
            self._announced = min(self._maximum, max(_MIN_RATE, announced))
            if self._spacing.due == -inf:
                self._spacing.due = now

    def restart(self, rate: float, now: float, doubt_s: float = 0.0) -> None:
        """Continue from a rate that an earlier crawl learned, and grow; see ``Learned``."""
        if 0 < rate < inf:
            self.lockouts.doubt(doubt_s)
            self._settle(now, rate, 1.0, 1.0)
            self._growth.begin(now)

    def forget(self) -> None:
        """Drop what refusals showed, because they were of another kind; a quota stays."""
        if self._growth.rate == inf:
            return
        self._growth.forget()
        self._peak_seen = 0.0
        self.lockouts = Lockouts()
        self._refused_in_a_row = 0
        self.trying = False

    def lift(self) -> None:
        """Forget what refusals showed, and end the pause."""
        self.forget()
        self.blocked_until = 0.0

    def _cut(self, now: float) -> None:
        before = self.rate
        if self._refused_in_a_row > 1:
            return  # nothing was accepted since the last cut, so only the pause grows
        if before == inf:
            # The rate accepted lately; a bucket that was full may account for half of it.
            span_s = min(1.0, max(0.25, now - self._second_at))
            peak = self._second / span_s
            if self._accepted < _ENOUGH:
                peak = max(_FIRST_RATE, peak)  # too early to know what it accepts
            self._settle(now, peak, 0.5, 1.0)
        elif self._accepted >= _ENOUGH and (elapsed_s := now - self._counted_since) > 0:
            again = self._cuts and now - self._growth.changed_at < self._growth.hold_s
            measured = self._accepted / elapsed_s
            if again or self._paused_s > 0.3 * elapsed_s:
                peak, share = min(before, measured), _KEEP
                if again and peak < self._usual:
                    # Soon after another refusal: a window is still full of what came before.
                    peak, share = self._usual, _KEEP * peak / self._usual
                    self._usual = measured  # once; if that was too high, the site allows less now
            else:
                # Our own rate was the limit; the site's is near, but not accepted / time.
                self._usual = measured
                peak, share = 0.95 * before, 0.93
            same = abs(peak / self._peak_seen - 1) < 0.15 if self._peak_seen else False
            self._hold_factor = min(_MAX_HOLD_FACTOR, 2 * self._hold_factor) if same else 1.0
            self._peak_seen = peak
            self._settle(now, peak, share, self._hold_factor)
        else:
            # Aim for the peak seen before: a few refusals may mark the end of a window.
            aim = min(self._peak_seen, self._usual) if self._usual else self._peak_seen
            peak = max(0.85 * before, aim)
            self._growth.set(max(_MIN_RATE, 0.7 * before), peak, self._hold_of(peak))
            self._cuts += 1

    @property
    def _counted_since(self) -> float:
        return max(self._anchor, self.lockouts.ended_at)

    def _resume(self, now: float) -> None:
        """Continue after a lockout."""
        rate = self.lockouts.end(now, self._pause_s)
        self._settle(now, rate.peak, rate.start / rate.peak, 1.0)
        self._growth.begin(now)

    def _settle(self, now: float, peak: float, share: float, hold_factor: float) -> None:
        hold_s = self._hold_of(peak) * hold_factor
        self._growth.set(max(_MIN_RATE, peak * share), max(_MIN_RATE, peak), hold_s)
        self._anchor = now
        self._accepted = 0
        self._cuts = 0
        self._paused_s = 0.0

    def _hold_of(self, rate: float) -> float:
        if self.lockouts.in_doubt:
            return self.lockouts.hold_s
        return max(_MIN_HOLD_S, _HOLD_REQUESTS / rate, self.lockouts.hold_s)

    def _grow(self, now: float) -> None:
        beyond = None
        if self.lockouts.in_doubt:
            beyond = _TEST
        elif self._hold_factor > 1 or self.lockouts.hold_s:
            beyond = PROBE  # the same rate was found twice, or after a lockout
        self._growth.grow(now, self.blocked_until, beyond)
