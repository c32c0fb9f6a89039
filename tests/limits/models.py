"""Small models of sites, and a greedy client of one site in virtual time."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field
from itertools import count
from math import exp, inf
from typing import TYPE_CHECKING, Protocol

from crawlproj.limits.ending import Ending, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawlproj.limits.permit import Permit
    from crawlproj.limits.permits import Permits
    from crawlproj.limits.site import SiteControl


def dice(seed: int = 1) -> random.Random:
    """Return a seeded source of randomness."""
    return random.Random(seed)  # noqa: S311 - no secret


def active(permits: Permits) -> dict[str, int]:
    """Return the number of permits taken by each site that has any."""
    return {name: view.in_flight for name, view in permits.views().items() if view.in_flight}


class Site(Protocol):
    """A site: takes a request; returns when and how it ends."""

    def arrive(self, now: float) -> tuple[float, Ending]: ...


class Servers:
    """``c`` servers with one queue, first come first served; lognormal service times.

    service_s: median; may be changed at any time. refuse_above: answers 503 at once while as many
    requests are at the site. drops: share of the requests that are reset.
    """

    def __init__(
        self,
        c: int,
        service_s: float = 0.1,
        *,
        sigma: float = 0.3,
        refuse_above: float = inf,
        drops: float = 0.0,
        seed: int = 1,
    ) -> None:
        self.service_s = service_s
        self._sigma = sigma
        self._refuse_above = refuse_above
        self._drops = drops
        self._dice = dice(seed)
        self._free_at = [0.0] * c
        self._ends: list[float] = []

    def arrive(self, now: float) -> tuple[float, Ending]:
        while self._ends and self._ends[0] <= now:
            heapq.heappop(self._ends)
        if len(self._ends) >= self._refuse_above:
            return now + 0.01, Ending(Verdict.OVERLOADED, 0.01)
        if self._dice.random() < self._drops:
            return now + 0.01, Ending(Verdict.OVERLOADED)
        service_s = self.service_s * exp(self._dice.gauss(0, self._sigma))
        end = max(now, heapq.heappop(self._free_at)) + service_s
        heapq.heappush(self._free_at, end)
        heapq.heappush(self._ends, end)
        return end, Ending(Verdict.OK, end - now)


class Bucket:
    """A token bucket, full at first; the site answers 429 while it is empty.

    sends_retry_after: whether a refusal has a Retry-After.
    """

    def __init__(self, rate: float, size: float, *, sends_retry_after: bool = False) -> None:
        self.rate = rate
        self._size = self._tokens = size
        self._sends_retry_after = sends_retry_after
        self._at = 0.0

    def arrive(self, now: float) -> tuple[float, Ending]:
        self._tokens = min(self._size, self._tokens + (now - self._at) * self.rate)
        self._at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return now + 0.05, Ending(Verdict.OK, 0.05)
        wait_s = max(1.0, 1 / self.rate) if self._sends_retry_after else None
        return now + 0.02, Ending(Verdict.THROTTLED, 0.02, wait_s)


class Window:
    """Accepts ``quota`` requests in each window of ``window_s`` seconds."""

    def __init__(self, quota: int, window_s: float) -> None:
        self._quota = quota
        self._window_s = window_s
        self._window = -1
        self._used = 0

    def arrive(self, now: float) -> tuple[float, Ending]:
        window = int(now // self._window_s)
        if window != self._window:
            self._window, self._used = window, 0
        if self._used < self._quota:
            self._used += 1
            return now + 0.05, Ending(Verdict.OK, 0.05)
        return now + 0.02, Ending(Verdict.THROTTLED, 0.02)


@dataclass(slots=True)
class Log:
    """When requests started, when and how they ended, and the limit at that time."""

    starts: list[float] = field(default_factory=list)
    ends: list[tuple[float, Verdict, float]] = field(default_factory=list)

    def of(self, verdict: Verdict, since: float = -inf, until: float = inf) -> int:
        """Return how many requests ended with ``verdict``."""
        return sum(how is verdict and since <= at < until for at, how, _ in self.ends)

    def share(self, verdict: Verdict, since: float = -inf) -> float:
        """Return the share of requests that ended with ``verdict``."""
        return self.of(verdict, since) / max(1, sum(at >= since for at, _, _ in self.ends))

    def mean_limit(self, since: float) -> float:
        """Return the mean limit over the requests that ended."""
        limits = [limit for at, _, limit in self.ends if at >= since]
        return sum(limits) / len(limits)


class Client:
    """Keeps as many requests in flight at one site as its control admits."""

    def __init__(self, control: SiteControl, site: Site, now: float = 1000.0) -> None:
        self.control = control
        self.site = site
        self.now = now
        self.log = Log()
        self._flying: list[tuple[float, int, Permit, Ending]] = []
        self._order = count()

    def run(self, seconds: float, each: Callable[[], None] | None = None) -> Log:
        """Run for ``seconds``; call ``each`` after every request that ends."""
        until = self.now + seconds
        while self.now < until:
            while self.control.free(self.now):
                self.log.starts.append(self.now)
                permit = self.control.start(self.now)
                end, ending = self.site.arrive(self.now)
                heapq.heappush(self._flying, (end, next(self._order), permit, ending))
            wake = max(self.control.wake_at(self.now), self.now + 1e-6)
            self.now = min(wake, self._flying[0][0] if self._flying else inf, until)
            while self._flying and self._flying[0][0] <= self.now:
                end, _, permit, ending = heapq.heappop(self._flying)
                self.control.end(permit, self.now, ending)
                self.log.ends.append((self.now, ending.verdict, self.control.limit))
                if each is not None:
                    each()
        return self.log
