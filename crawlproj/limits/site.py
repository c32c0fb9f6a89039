"""The control of one site: combines limit, rate, health and rests. Pure."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from crawlproj.limits.base import Outcome, Sample, whole
from crawlproj.limits.decisions import Decisions, Reason, Rule
from crawlproj.limits.ending import Asked, Ending, Verdict
from crawlproj.limits.in_flight import InFlight
from crawlproj.limits.learned import Learned
from crawlproj.limits.page_latency import PageLatency
from crawlproj.limits.permit import Permit

if TYPE_CHECKING:
    from crawlproj.limits.base import Limit
    from crawlproj.limits.health import Health
    from crawlproj.limits.rate import RateLimit

_MAX_CANARIES = 2  # with a connection: it ends or they are answered when the site is back
_IDLE_S = 60.0  # after this long without requests, limit and rate are aged before use


class SiteControl:
    """Admits requests up to the limit in flight, as the rate allows, and none during a rest.

    Concurrency and rate are separate limits: a 429 says nothing about requests in flight, and a
    queue nothing about the rate. A request without an answer for ``Health.hang_s`` seconds is
    lost (see ``InFlight``).

    estimator, rate_limit, health: its parts; None switches one of the latter two off. Without a
    rate limit, the estimator takes a 429 as an overload.
    decisions: the latest changes of the limit. asked: the latest wait that the site asked for.

    Times are seconds on the caller's clock.
    """

    __slots__ = (
        "_cap",
        "_ended_at",
        "_good_limit",
        "_latency",
        "_refused_at_once",
        "_rtt_s",
        "_taken",
        "asked",
        "decisions",
        "delay_s",
        "estimator",
        "health",
        "rate_limit",
        "rest_until",
        "started_at",
    )

    def __init__(self, limit: Limit, rate: RateLimit | None, health: Health | None) -> None:
        self.delay_s = self.rest_until = 0.0  # a delay between starts means one at a time
        self.started_at = -inf
        self.decisions = Decisions()
        self.asked: Asked | None = None
        self.estimator = limit
        self.rate_limit = rate
        self.health = health
        self._taken = InFlight()
        self._latency = PageLatency()
        self._refused_at_once = False  # with a 429, the last time
        self._rtt_s = 0.0  # smoothed; paces a limit below 1
        self._ended_at = -inf
        self._good_limit = limit.limit  # the latest at which the site answered
        self._cap = whole(limit.limit)  # follows a rising limit by one with each answer

    @property
    def in_flight(self) -> int:
        """Permits taken, lost ones included."""
        return len(self._taken.live) + len(self._taken.lost)

    @property
    def limit(self) -> float:
        """Requests that may be in flight; below 1, the site rests between two requests."""
        return min(1.0, self.estimator.limit) if self.delay_s else self.estimator.limit

    @property
    def cap(self) -> int:
        """Requests that may be in flight now."""
        if self.delay_s or self.down or (self.rate_limit is not None and self.rate_limit.trying):
            return 1
        return self._cap

    @property
    def rate(self) -> float:
        """Requests/s that may start; infinite without a bound."""
        rate = self.rate_limit.rate if self.rate_limit is not None else inf
        return min(rate, 1 / self.delay_s) if self.delay_s else rate

    @property
    def down(self) -> bool:
        """Whether only canaries are sent."""
        return self.health is not None and self.health.down_since is not None

    def ready_at(self) -> float:
        """Return when time allows the next start, whatever is in flight."""
        ready = self.rest_until  # no max(): this is asked six times a page
        if self.delay_s and ready < (next_at := self.started_at + self.delay_s):
            ready = next_at
        if self.rate_limit is not None and ready < (next_at := self.rate_limit.ready_at()):
            ready = next_at
        if self.health is not None and ready < (next_at := self.health.ready_at):
            ready = next_at
        if self.estimator.limit < 1:
            ready = max(ready, self._ended_at + self._rtt_s * (1 / self.estimator.limit - 1))
        return ready

    def free(self, now: float) -> int:
        """Return how many permits could be taken now."""
        if self._taken.live:
            self._look_for_lost(now)
        room: float = self.cap - len(self._taken.live)
        enough = self.down and self._taken.waiting_canaries() >= _MAX_CANARIES
        if enough or room <= 0 or self.ready_at() > now:
            return 0
        if self.rate_limit is not None:
            room = min(room, self.rate_limit.room(now))
        return int(room)

    def wake_at(self, now: float) -> float:
        """Return when ``free`` may change although no request ends; infinite if it cannot."""
        if (ready_at := self.ready_at()) > now:
            return ready_at
        oldest = self._taken.oldest()
        if self.health is not None and oldest is not None:
            return oldest.started_at + self.health.hang_s
        return inf

    def demand(self, now: float) -> int:
        """Return how many requests it could have in flight now if it were the only site."""
        return self.cap if self.ready_at() <= now + 1 else self.in_flight

    def start(self, now: float, *, sent: bool = True) -> Permit:
        """Take a permit for a request that starts now; the caller has checked ``free``.

        sent: whether the request is sent now; otherwise ``send`` follows.
        """
        is_idle = not self._taken.live and self._ended_at > -inf and now - self._ended_at > _IDLE_S
        if is_idle and (learned := self.learned()) is not None:
            self.recall(learned, now)
        permit = Permit(now, len(self._taken.live) + 1, self.down, sent=sent)
        if self.health is not None:
            permit.hang_s = self.health.hang_s
        if sent:
            permit.start = self.estimator.on_start(permit.in_flight, now)
        self._taken.add(permit)
        self.started_at = now
        if self.rate_limit is not None:
            permit.early = self.rate_limit.on_start(now)
        if self.health is not None:
            self.health.on_start(now)
        return permit

    def send(self, permit: Permit, now: float) -> None:
        """Note that the request of a permit is sent now; the latest call counts."""
        permit.sent, permit.started_at = True, now
        self.started_at = now  # the delay until the next start counts from here
        if not permit.lost:
            self._taken.renew(permit)
            self._withdraw(permit)
            permit.start = self.estimator.on_start(permit.in_flight, now)

    def begin_answer(self, permit: Permit) -> None:
        """Note that an answer has begun: it may take long, so the limit does not wait for it."""
        permit.answered = True
        self._withdraw(permit)

    def end(self, permit: Permit, now: float, ending: Ending) -> None:
        """Give a permit back. Raises KeyError if it was given back before."""
        lost = self._taken.remove(permit)
        self._ended_at = now
        self._learn(permit, now, ending, lost=lost)
        self._withdraw(permit)
        self._follow(ending)

    def observe(self, started_at: float, in_flight: int, now: float, ending: Ending) -> None:
        """Learn from a request that took no permit.

        in_flight: requests in flight at the site when it started, itself included.
        """
        if self.rate_limit is not None:
            self.rate_limit.on_start(started_at)
        if self.health is not None:
            self.health.on_start(started_at)
        self._ended_at = now
        self._learn(Permit(started_at, in_flight, canary=self.down), now, ending, lost=False)
        self._follow(ending)

    def note(self, now: float, ending: Ending) -> None:
        """Obey a Retry-After or an announced quota without taking a sample."""
        self._note_asked(now, ending)
        if ending.retry_after_s is not None:
            self.rest(now + ending.retry_after_s)
        if self.rate_limit is not None and ending.policy is not None:
            self.rate_limit.on_policy(now, ending.policy)

    def set_delay(self, delay_s: float) -> None:
        """Start one request at a time, at least ``delay_s`` seconds apart; 0 removes the delay."""
        self.delay_s = delay_s

    def rest(self, until: float) -> None:
        """Start nothing before ``until``; never shortens a rest."""
        self.rest_until = max(self.rest_until, until)

    def lift(self) -> None:
        """End the rest, the delay, the outage and what refusals showed."""
        self.rest_until = self.delay_s = 0.0
        if self.rate_limit is not None:
            self.rate_limit.lift()
        if self.health is not None:
            self.health.down_since = None

    def away(self, now: float) -> tuple[float, float]:
        """Return for how many seconds the site has been down, and when it last answered."""
        if self.health is None:
            return 0.0, -inf
        return now - (self.health.down_since or now), self.health.answered_at

    def begin_carefully(self) -> None:
        """Start with one request in flight, and allow one more with each answer up to the limit."""
        self._cap = 1

    def adopt(self, limit: Limit, now: float) -> None:
        """Continue with another estimator, from where the present one is.

        Requests in flight are not samples for it.
        """
        for permit in self._taken.live:
            self._withdraw(permit)
        before = self.estimator.limit
        limit.restart(before, self.estimator.unloaded_s)
        self.estimator = limit
        self._record(now, before, Reason(Rule.COMMANDED))
        self._cap = min(self._cap, whole(limit.limit))

    def learned(self) -> Learned | None:
        """Return what is worth keeping; None before a request ended, or a rest was asked for."""
        at, rate, doubt_s, until = self._ended_at, inf, 0.0, self.rest_until
        if (limit := self.rate_limit) is not None:
            rate, doubt_s = limit.rate, limit.lockouts.doubt_s
            until = max(until, limit.blocked_until)
        if at == -inf and until <= 0:
            return None
        at = max(at, 0.0)
        found = (self.estimator.limit, rate, self.estimator.unloaded_s, at, self.delay_s, doubt_s)
        return Learned(*found, until if until > at else 0.0)

    def recall(self, learned: Learned, now: float) -> None:
        """Continue from what was learned, more carefully the longer ago that was."""
        self._restart(now, learned.limit_at(now, self.estimator.bounds.start), learned.unloaded_s)
        self._cap = min(self._cap, whole(self.estimator.bounds.start))
        if self.rate_limit is not None:
            self.rate_limit.restart(learned.rate_at(now), now, learned.doubt_s)

    def _learn(self, permit: Permit, now: float, ending: Ending, *, lost: bool) -> None:
        verdict = ending.verdict
        if verdict is Verdict.IGNORED:
            return
        if ending.rtt_s:
            self._rtt_s += 0.2 * (ending.rtt_s - self._rtt_s) if self._rtt_s else ending.rtt_s
        self._note_asked(now, ending)
        by_rate = verdict is Verdict.THROTTLED and self.rate_limit is not None
        if ending.retry_after_s is not None and not by_rate:
            self.rest(now + ending.retry_after_s)
        outcome = Outcome.SUCCESS if verdict is Verdict.OK else Outcome.DROPPED
        if self.rate_limit is not None:
            self._inform_rate(self.rate_limit, permit, now, ending)
        if self.health is not None and self._inform_health(self.health, now, ending, lost=lost):
            return
        if lost or by_rate or permit.canary:  # which was alone because the site was down
            return
        start, permit.start, before = permit.start, None, self.estimator.limit
        timing = (permit.started_at, now, self._latency.of(ending), permit.in_flight)
        overtook = outcome is Outcome.SUCCESS and permit.overtakes(self._taken.live)
        self.estimator.on_sample(
            Sample(*timing, outcome, ending.lag_s, start, overtook, ending.at_once, permit.closed)
        )
        if self.estimator.limit != before:
            self._record(now, before, self.estimator.reason)

    def _note_asked(self, now: float, ending: Ending) -> None:
        if ending.retry_after_s is not None:
            self.asked = Asked(now, ending.retry_after_s, ending.verdict is Verdict.THROTTLED)

    def _restart(self, now: float, limit: float, unloaded_s: float = 0.0) -> None:
        before = self.estimator.limit
        self.estimator.restart(limit, unloaded_s)
        self._record(now, before, Reason(Rule.RESTART))

    def _withdraw(self, permit: Permit) -> None:
        """Tell the limit that a request will have no sample, unless it had one."""
        if permit.start is not None:
            self.estimator.on_withdrawn(permit.start, permit.in_flight)
            permit.start = None

    def _record(self, now: float, before: float, reason: Reason) -> None:
        """Keep a change of the limit if it changes how many requests may start."""
        after = self.estimator.limit
        if whole(before) != whole(after) or min(before, after) < 1:
            self.decisions.add(now, before, after, reason)

    def _follow(self, ending: Ending) -> None:
        if self.down:
            self._cap = 1
        elif ending.verdict is Verdict.OK:
            self._cap += 1
        self._cap = min(self._cap, whole(self.estimator.limit))

    def _inform_rate(self, rate: RateLimit, permit: Permit, now: float, ending: Ending) -> None:
        if ending.policy is not None:
            rate.on_policy(now, ending.policy)
        if ending.verdict is Verdict.THROTTLED:
            rate.on_refused(now, permit.started_at, ending.retry_after_s, early=permit.early)
            if self._refused_at_once:
                self.estimator.forget_refusals()
            self._refused_at_once = False
        elif ending.verdict is Verdict.OK:
            rate.on_accepted(now, permit.started_at)
        elif ending.at_once:
            rate.forget()
            self._refused_at_once = True

    def _inform_health(self, health: Health, now: float, ending: Ending, *, lost: bool) -> bool:
        """Return whether the request says nothing of the load, because the site is or was down."""
        if ending.verdict is Verdict.OVERLOADED:
            if not (lost or ending.is_up):  # which was noted when it was lost
                health.on_failure(now, self.estimator.usual_drops)
            return self.down
        ended_outage = health.on_answer(now, ending.rtt_s)
        if lost:  # it was only slow, and those sent after it may be waiting behind it
            self._taken.find(now - health.hang_s)
        if ended_outage:
            self._restart(now, max(min(1.0, self._good_limit), self._good_limit / 2))
            return True
        self._good_limit = self.estimator.limit
        return False

    def _look_for_lost(self, now: float) -> None:
        if self.health is None:
            return
        hung_since = now - self.health.hang_s
        while (permit := self._taken.lose(hung_since)) is not None:
            self._withdraw(permit)
            self.health.on_lost(now)
