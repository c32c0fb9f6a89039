"""Simulates a site: a queue whose workers, service times, rate limits and outages change. Pure.

The clock and the random source are arguments, so that the same site runs in virtual time in the
simulator (``benchmarks/weather``) and in real time in the demo server.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, exp, inf
from typing import TYPE_CHECKING, Literal

from crawlproj.demo.limiter import Bucket, FixedWindow, Limiter, Penalty, SlidingWindow
from crawlproj.demo.weather_fields import READERS, value_at
from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from crawlproj.demo.weather_fields import HeaderKind, LimiterKind, Outage, OutageKind, Steps


@dataclass(frozen=True, slots=True)
class Weather:
    """The parameters of one site. Steps are values that change with time; see weather_fields.

    workers: requests served at the same time; the others queue, first come, first served.
    service_s, sigma: service times are lognormal with this median (s) and this sd of the log.
    expensive_share, expensive_factor: this share of requests takes this many times as long.
    trip_s: seconds from sending a request to its arrival at the queue.
    network_s: added to every answer, outside the workers.
    overload: a service that starts takes 1 + overload · max(0, at_site / workers - 1) times as
        long; at_site counts queued and in service.
    refuse_above: a request that would make at_site exceed this gets a 503 at once; 0 for no bound.
    rate: requests/s that the limiter admits, the others get a 429; empty for no limiter.
    burst: size of the bucket in requests; 0 for one second's worth. window_s: length of a window.
    penalty_s: seconds for which all is rejected after a request that the limiter rejects.
    retry_after: whether a 429 carries Retry-After (whole seconds, rounded up, at least 1).
    headers: the limiter's headers on every answer; see ``limiter.Quota.headers``.
    outages: (from, until, how); requests at the site when one begins end the same way.
    drop_share: the share of requests that are never answered; they occupy no worker.
    others: requests/s of other clients (Poisson), which occupy workers and use up the rate.
    """

    workers: Steps = ((0, 8),)
    service_s: Steps = ((0, 0.1),)
    sigma: float = 0.3
    expensive_share: float = 0.0
    expensive_factor: float = 10.0
    trip_s: float = 0.0
    network_s: float = 0.0
    overload: float = 0.0
    refuse_above: int = 0
    rate: Steps = ()
    limiter: LimiterKind = "bucket"
    burst: float = 0.0
    window_s: float = 60.0
    penalty_s: float = 0.0
    retry_after: bool = False
    headers: HeaderKind = ""
    outages: tuple[Outage, ...] = ()
    drop_share: float = 0.0
    others: Steps = ((0, 0.0),)

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Weather:
        """Read a TOML or JSON table; a plain number stands for a single step.

        Raises ConfigError naming the field.
        """
        unknown = sorted(data.keys() - READERS.keys())
        if unknown:
            known = ", ".join(READERS)
            raise ConfigError(f"a site has no field {unknown[0]!r}; its fields are: {known}")
        values = {name: READERS[name](name, value) for name, value in data.items()}
        return cls(**values)  # type: ignore[arg-type]  # each reader returns its field's type

    @property
    def mean_factor(self) -> float:
        """The mean of a service time over ``service_s``, its median."""
        return exp(self.sigma**2 / 2) * (1 + self.expensive_share * (self.expensive_factor - 1))


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. Status 0 means none: the request hangs, or its connection is reset."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    ending: Literal["whole", "hanging", "reset"] = "whole"


_HANGING = Reply(0, ending="hanging")
_RESET = Reply(0, ending="reset")
_OUTAGES: dict[OutageKind, Reply] = {"hang": _HANGING, "reset": _RESET, "503": Reply(503)}

_Job = tuple[int, Reply]  # its number (-1 for other clients) and the answer it will get
_OTHER: _Job = (-1, Reply(200))


class WeatherSite:
    """A running site. ``now`` is in seconds and never goes back from call to call."""

    def __init__(self, weather: Weather, rng: random.Random, start: float) -> None:
        self.weather = weather
        self._rng = rng
        self._start = start
        self._coming: deque[tuple[float, _Job]] = deque()  # in order of arrival
        self._queue: deque[_Job] = deque()
        self._serving: list[tuple[float, int, _Job]] = []  # heap by the end of service
        self._count = 0  # breaks ties in the heap
        self._ours = 0  # the caller's jobs, queued or in service
        self._answers: deque[tuple[float, int, Reply]] = deque()  # in order of time
        self._limiter = self._make_limiter()
        self._changes = [start + t for t in change_times(weather)]
        self._changed = 0
        self._other_at = inf
        self._outage: Reply | None = None
        self._change(start)

    def arrive(self, now: float, job: int) -> Reply | None:
        """Take a request; return its answer, or None if ``advance`` will return it.

        A hanging answer is returned as soon as the request arrives: the caller is the one to wait
        and to give up.
        """
        self._run(now)
        if self.weather.trip_s:
            self._coming.append((now + self.weather.trip_s, (job, _OTHER[1])))
            return None
        reply = self._enter(now, (job, _OTHER[1]))
        if reply is None or reply is _HANGING or not self.weather.network_s:
            return reply
        self._answers.append((now + self.weather.network_s, job, reply))
        return None

    def advance(self, now: float) -> list[tuple[int, Reply]]:
        """Return the jobs answered up to now with their answers, in order."""
        self._run(now)
        done: list[tuple[int, Reply]] = []
        answers = self._answers
        while answers and answers[0][0] <= now:
            _, job, reply = answers.popleft()
            done.append((job, reply))
        return done

    def next_at(self) -> float | None:
        """Return when to call ``advance`` next; None while the site has no job.

        The time may be too early but never too late: ask again after each ``advance``.
        """
        if self._answers:
            return self._answers[0][0]
        if not self._ours and not self._coming:
            return None
        # Arrivals of others never hasten an answer; an answer comes from one of these three.
        first = self._serving[0][0] if self._serving else inf
        if self._coming:
            first = min(first, self._coming[0][0])
        return min(first, self._next_change()) + self.weather.network_s

    def capacity(self, since: float, until: float) -> float:
        """Return how many requests the site can serve between two times.

        This is the integral of min(workers / mean service time, rate) minus the requests of others,
        with 0 during outages. The burst of a bucket and the first quota of a window are extra.
        """
        return capacity(self.weather, since - self._start, until - self._start)

    def _make_limiter(self) -> Limiter | None:
        weather = self.weather
        if not weather.rate:
            return None
        rate = weather.rate[0][1]
        limiter: Limiter = Bucket(rate, weather.burst, self._start)
        if weather.limiter == "fixed":
            limiter = FixedWindow(rate, weather.window_s, self._start)
        elif weather.limiter == "sliding":
            limiter = SlidingWindow(rate, weather.window_s)
        return Penalty(limiter, weather.penalty_s) if weather.penalty_s else limiter

    def _next_change(self) -> float:
        return self._changes[self._changed] if self._changed < len(self._changes) else inf

    def _run(self, now: float) -> None:
        """Process all events up to now."""
        while True:
            ends = self._serving[0][0] if self._serving else inf
            other, change = self._other_at, self._next_change()
            coming = self._coming[0][0] if self._coming else inf
            if ends > now and other > now and change > now and coming > now:
                return
            if change <= ends and change <= other and change <= coming:
                self._changed += 1
                self._change(change)
            elif ends <= other and ends <= coming:
                self._answer(ends, heapq.heappop(self._serving)[2])
                self._serve(ends)
            elif coming <= other:
                _, job = self._coming.popleft()
                if (reply := self._enter(coming, job)) is not None:
                    self._answers.append((coming + self.weather.network_s, job[0], reply))
            else:
                self._enter(other, _OTHER)
                self._draw_other(other)

    def _change(self, now: float) -> None:
        """Apply the values that hold from now on. The addend undoes rounding of unix times."""
        weather, t = self.weather, now - self._start + 1e-6
        self._workers = value_at(weather.workers, t)
        self._median = value_at(weather.service_s, t)
        self._others = value_at(weather.others, t)
        if self._limiter is not None:
            self._limiter.set_rate(now, value_at(weather.rate, t))
        self._outage = next((_OUTAGES[how] for a, b, how in weather.outages if a <= t < b), None)
        if self._outage is not None:
            self._end_all(now, self._outage)
        self._draw_other(now)  # a Poisson process is memoryless, so a new draw is correct
        self._serve(now)

    def _end_all(self, now: float, reply: Reply) -> None:
        jobs = [job for _, _, job in sorted(self._serving)] + list(self._queue)
        self._serving.clear()
        self._queue.clear()
        for number, _ in jobs:
            self._answer(now, (number, reply))

    def _draw_other(self, now: float) -> None:
        self._other_at = now + self._rng.expovariate(self._others) if self._others else inf

    def _enter(self, now: float, job: _Job) -> Reply | None:
        """Queue a request, or return the answer that rejects it."""
        weather = self.weather
        if self._outage is not None:
            return self._outage
        if weather.drop_share and self._rng.random() < weather.drop_share:
            return _HANGING
        headers: tuple[tuple[str, str], ...] = ()
        limiter = self._limiter
        if limiter is not None:
            admitted = limiter.admit(now)
            if weather.headers:
                headers = limiter.quota(now).headers(weather.headers)
            if not admitted:
                return Reply(429, headers + self._retry_after(limiter, now))
        at_site = len(self._queue) + len(self._serving)
        if weather.refuse_above and at_site >= weather.refuse_above:
            return Reply(503, headers)
        self._queue.append((job[0], Reply(200, headers)) if headers else job)
        self._ours += job[0] >= 0
        self._serve(now)
        return None

    def _retry_after(self, limiter: Limiter, now: float) -> tuple[tuple[str, str], ...]:
        wait_s = limiter.wait_s(now)
        if not self.weather.retry_after or wait_s == inf:
            return ()
        return (("Retry-After", str(max(1, ceil(wait_s)))),)

    def _serve(self, now: float) -> None:
        weather, queue, serving = self.weather, self._queue, self._serving
        while queue and len(serving) < self._workers:
            crowd = (len(queue) + len(serving)) / self._workers
            job = queue.popleft()
            service_s = self._median * exp(weather.sigma * self._rng.gauss(0.0, 1.0))
            if weather.expensive_share and self._rng.random() < weather.expensive_share:
                service_s *= weather.expensive_factor
            if weather.overload and crowd > 1:
                service_s *= 1 + weather.overload * (crowd - 1)
            self._count += 1
            heapq.heappush(serving, (now + service_s, self._count, job))

    def _answer(self, now: float, job: _Job) -> None:
        number, reply = job
        if number >= 0:
            self._ours -= 1
            self._answers.append((now + self.weather.network_s, number, reply))


def change_times(weather: Weather) -> list[float]:
    """Return the times after 0 at which a value changes, in order."""
    steps = (weather.workers, weather.service_s, weather.rate, weather.others)
    times = {t for each in steps for t, _ in each}
    times.update(t for a, b, _ in weather.outages for t in (a, b))
    return sorted(t for t in times if t > 0)


def capacity(weather: Weather, since: float, until: float) -> float:
    """Return ``WeatherSite.capacity`` for times in seconds from the site's start."""
    edges = [since, *(t for t in change_times(weather) if since < t < until), until]
    total = 0.0
    for a, b in pairwise(edges):
        if any(start <= a < end for start, end, _ in weather.outages):
            continue
        mean_s = value_at(weather.service_s, a) * weather.mean_factor
        rate = value_at(weather.workers, a) / mean_s
        if weather.rate:
            rate = min(rate, value_at(weather.rate, a))
        total += max(0.0, rate - value_at(weather.others, a)) * (b - a)
    return total
