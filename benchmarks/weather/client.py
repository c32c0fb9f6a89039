"""The client: has endless pages to fetch from each site; runs events in virtual time."""

from __future__ import annotations

import heapq
import random
from array import array
from collections import Counter, deque
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf
from typing import TYPE_CHECKING

from crawlproj.demo.weather import WeatherSite
from crawlproj.downloadermiddlewares.loop_lag import LoopLag, without_lag
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.headers import policy_of, retry_after_s
from crawlproj.limits.site import SiteControl

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.weather.policies import Control
    from benchmarks.weather.scenario import Scenario
    from crawlproj.demo.weather import Reply, Weather
    from crawlproj.limits.decisions import Decision
    from crawlproj.limits.headers import RatePolicy
    from crawlproj.limits.permit import Permit

TICK_S = 0.1


@dataclass(slots=True)
class SiteRun:
    """The events at one site.

    in_flight, at_site, limit, ok, errors: values at each tick (TICK_S), from 0; ok and errors are
        cumulative. at_site leaves out requests that hang, because they do not burden the site.
    latencies_s: of the pages received. waits_s: wait of each start for the client's global budget.
    over_two: the most pages received in a row while more than two requests were at the site.
    endings: number of requests by ending ("ok", "429", "503", "reset", "timeout").
    decisions: the latest changes of the limit, oldest first; none for a control that keeps none.
    """

    weather: Weather
    in_flight: array[int] = field(default_factory=lambda: array("i"))
    at_site: array[int] = field(default_factory=lambda: array("i"))
    limit: array[float] = field(default_factory=lambda: array("d"))
    ok: array[int] = field(default_factory=lambda: array("q"))
    errors: array[int] = field(default_factory=lambda: array("q"))
    latencies_s: array[float] = field(default_factory=lambda: array("d"))
    waits_s: array[float] = field(default_factory=lambda: array("d"))
    over_two: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    decisions: list[Decision] = field(default_factory=list)


class _Site:
    """A site, its control and its counters during a run."""

    __slots__ = (
        "at_site",
        "control",
        "crowded",
        "errors",
        "in_flight",
        "in_turn",
        "model",
        "ok",
        "run",
    )

    def __init__(self, model: WeatherSite, control: Control) -> None:
        self.model = model
        self.control = control
        self.run = SiteRun(model.weather)
        self.in_flight = 0
        self.at_site = 0
        self.ok = 0
        self.crowded = 0  # pages in a row with more than two requests at the site
        self.errors = 0
        self.in_turn = True

    def tick(self) -> None:
        run = self.run
        run.in_flight.append(self.in_flight)
        run.at_site.append(self.at_site)
        run.limit.append(self.control.limit)
        run.ok.append(self.ok)
        run.errors.append(self.errors)

    def finish(self) -> SiteRun:
        """Return what happened."""
        if isinstance(self.control, SiteControl):
            self.run.decisions = self.control.decisions.latest()
        return self.run


class Client:
    """Crawls the sites of a scenario in turn, as far as their controls and the budget allow.

    Its event loop is one worker: while it spends CPU time on answers, the next ones wait.

    make: builds the control of a site from the maximum in flight there and a source of randomness.
    The same seed gives the same run.
    """

    heartbeat_s = 1.0  # how often a waiting site is tried, as by an engine's timer

    def __init__(
        self, scenario: Scenario, make: Callable[[int, random.Random], Control], seed: int
    ) -> None:
        self._duration_s = scenario.duration_s
        self._timeout_s = scenario.timeout_s
        self._page_cpu_s, self._hog_s = scenario.page_cpu_s, scenario.hog_s
        self._now = 0.0
        self._free_at = 0.0  # when the event loop ends its turn
        self._lag = LoopLag(lambda: self._now)
        self._hogs = _dice(f"{scenario.name}/hogs/{seed}")
        self._budget = scenario.in_flight
        self._sites = []
        for number, weather in enumerate(scenario.sites):
            name = f"{scenario.name}/{number}/{seed}"
            model = WeatherSite(weather, _dice(name), 0.0)
            self._sites.append(_Site(model, make(scenario.max_per_site, _dice(f"{name}/control"))))
        self._jobs = 0
        self._ended = 0
        self._hog_at = 0.0
        self._live: dict[int, tuple[int, Permit, float]] = {}
        self._hanging: set[int] = set()
        self._timeouts: deque[tuple[float, int]] = deque()
        self._turn = deque((number, 0.0) for number in range(len(self._sites)))
        # Timers: number n wakes the model of site n, number n + len(sites) its control. A timer is
        # stale if it differs from _due.
        self._timers: list[tuple[float, int]] = []
        self._due = [inf] * (2 * len(self._sites))

    def run(self) -> list[SiteRun]:
        """Run to the end and return what happened at each site."""
        ticks = 0
        next_tick = 0.0
        self._start_requests(0.0)
        while True:
            now = self._timers[0][0] if self._timers else inf
            if self._timeouts and self._timeouts[0][0] < now:
                now = self._timeouts[0][0]
            now = max(now, self._free_at)
            while next_tick <= min(now, self._duration_s):
                for site in self._sites:
                    site.tick()
                ticks += 1
                next_tick = ticks * TICK_S
            if now > self._duration_s:
                return [site.finish() for site in self._sites]
            before = self._ended
            self._handle(now)
            if self._page_cpu_s and self._ended > before:
                now = self._take_time(now, self._ended - before)
            if self._turn:
                self._start_requests(now)

    def _take_time(self, now: float, answers: int) -> float:
        """Spend the CPU time of a turn of the event loop; return when the turn ends.

        Answers that arrive meanwhile are read afterwards. On average once a second, a callback
        takes much longer.
        """
        turn_s = self._page_cpu_s * answers
        if self._hog_s and now >= self._hog_at:
            turn_s += self._hogs.expovariate(1 / self._hog_s)
            self._hog_at = now + self._hogs.expovariate(1.0)
        self._now = self._free_at = now + turn_s
        self._lag.add(turn_s)
        return self._free_at

    def _handle(self, now: float) -> None:
        timeouts, live = self._timeouts, self._live
        while timeouts and (timeouts[0][1] not in live or timeouts[0][0] <= now):
            _, job = timeouts.popleft()
            if job in live:
                self._end(job, now, "timeout", Ending(Verdict.OVERLOADED))
        timers, due, sites = self._timers, self._due, self._sites
        while timers and timers[0][0] <= now:
            when, number = heapq.heappop(timers)
            if due[number] != when:
                continue
            due[number] = inf
            if number >= len(sites):
                self._ask(number - len(sites), now)
                continue
            for job, reply in sites[number].model.advance(now):
                if job in live:
                    self._answer(job, now, reply)
            self._wake_model(number)

    def _wake_at(self, number: int, when: float) -> None:
        if when < self._due[number]:
            self._due[number] = when
            heapq.heappush(self._timers, (when, number))

    def _wake_model(self, number: int) -> None:
        when = self._sites[number].model.next_at()
        if when is not None:
            self._wake_at(number, when)

    def _ask(self, number: int, now: float) -> None:
        """Queue the site for a turn, to see whether its control admits a request."""
        site = self._sites[number]
        if not site.in_turn:
            site.in_turn = True
            self._turn.append((number, now))

    def _start_requests(self, now: float) -> None:
        turn = self._turn
        while turn and len(self._live) < self._budget:
            number, since = turn.popleft()
            site = self._sites[number]
            if self._free(number, now) > 0:
                self._start(number, site, now)
                site.run.waits_s.append(now - since)
                turn.append((number, now))
            else:
                site.in_turn = False
                ready, heartbeat = self._ready_at(number), now + self.heartbeat_s
                self._wake_at(
                    number + len(self._sites), ready if now < ready < heartbeat else heartbeat
                )

    def _start(self, number: int, site: _Site, now: float) -> None:
        job = self._jobs
        self._jobs += 1
        self._live[job] = (number, self._take(number, now), now)
        self._timeouts.append((now + self._timeout_s, job))
        site.in_flight += 1
        site.at_site += 1
        reply = site.model.arrive(now, job)
        if reply is None:
            self._wake_model(number)
        else:
            self._answer(job, now, reply)

    def _answer(self, job: int, now: float, reply: Reply) -> None:
        number, _, started_at = self._live[job]
        if reply.ending == "hanging":
            self._hanging.add(job)
            self._sites[number].at_site -= 1
            return
        rtt_s = now - started_at
        if reply.status == 200:
            self._sites[number].run.latencies_s.append(rtt_s)
        lag_s = self._lag.seconds
        rtt_s = without_lag(rtt_s, lag_s)
        if reply.status == 200:
            ending = Ending(Verdict.OK, rtt_s, None, _policy(reply.headers), lag_s)
            self._end(job, now, "ok", ending)
        elif reply.ending == "reset":
            self._end(job, now, "reset", Ending(Verdict.OVERLOADED))
        else:
            verdict = Verdict.THROTTLED if reply.status == 429 else Verdict.OVERLOADED
            wait = dict(reply.headers).get("Retry-After")
            wait_s = retry_after_s(wait, now) if wait is not None else None
            ending = Ending(verdict, rtt_s, wait_s, _policy(reply.headers))
            self._end(job, now, str(reply.status), ending)

    def _end(self, job: int, now: float, how: str, ending: Ending) -> None:
        self._ended += 1
        number, permit, _ = self._live.pop(job)
        site = self._sites[number]
        site.in_flight -= 1
        if job in self._hanging:
            self._hanging.remove(job)
        else:
            site.at_site -= 1
        if how == "ok":
            site.ok += 1
            site.crowded = site.crowded + 1 if site.at_site >= 2 else 0
            site.run.over_two = max(site.run.over_two, site.crowded)
        else:
            site.errors += 1
        site.run.endings[how] += 1
        self._give_back(number, permit, now, ending)
        self._ask(number, now)

    def _free(self, number: int, now: float) -> int:
        return self._sites[number].control.free(now)

    def _ready_at(self, number: int) -> float:
        return self._sites[number].control.ready_at()

    def _take(self, number: int, now: float) -> Permit:
        return self._sites[number].control.start(now)

    def _give_back(self, number: int, permit: Permit, now: float, ending: Ending) -> None:
        self._sites[number].control.end(permit, now, ending)


@lru_cache(maxsize=4096)
def _policy(headers: tuple[tuple[str, str], ...]) -> RatePolicy | None:
    return policy_of(dict(headers).get, 0.0) if headers else None


def _dice(name: str) -> random.Random:
    return random.Random(name)  # noqa: S311 - a simulation's dice
