"""The figures of a run, from its logs. Pure.

All figures cover one window: from the first request of a page at any site, for the scenario's
duration. A *page* is an answer with status 200 that was sent completely within the window,
according to the server's log.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import accumulate
from statistics import median
from typing import TYPE_CHECKING

from crawlproj.demo.weather import capacity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.weather_http.observed import Observed
    from crawlproj.demo import AnswerLine
    from crawlproj.demo.weather import Weather

_RECOVERED = 0.9
_OVER_S = 1.0  # how long capacity must be reached
_STEP_S = 0.1


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one run; None for those that do not apply.

    pages, pages_per_s: pages served.
    goodput: pages divided by the sum of the sites' capacities.
    requests, errors: requests that ended in the window, and the share of them without a page:
        another status, a reset, or a client that gave up.
    p50_s, p99_s: latency of the pages for the client, from the request to the headers.
    server_p50_s, server_p99_s: the same by the server's log, from arrival to answer.
    jain: Jain's fairness of pages over the judged sites. worst_site: lowest goodput of one of them.
    recovery_s: from the end of an outage to the end of the first second in which the site served
        90 % of its capacity; infinite if there is none. The longest of several outages.
    probes_per_s: requests that arrive during an outage, per second. One request is subtracted for
        each that was in flight at its start, because no client knows before those have ended.
    by_site: pages of each site that served any.
    served, failed, in_flight: by second, pages, other ends, and requests in flight at its end.
    """

    pages: int
    pages_per_s: float
    goodput: float
    requests: int
    errors: float
    p50_s: float | None
    p99_s: float | None
    server_p50_s: float | None
    server_p99_s: float | None
    jain: float | None
    worst_site: float | None
    recovery_s: float | None
    probes_per_s: float | None
    cpu_s: float
    rss_mb: float
    server_cpu_s: float
    by_site: dict[str, int]
    served: tuple[int, ...]
    failed: tuple[int, ...]
    in_flight: tuple[int, ...]

    @property
    def useful(self) -> float:
        """Goodput weighted by success: one page in a hundred requests is not a good crawl."""
        return self.goodput * (1 - self.errors)


def figures(
    observed: Observed, weathers: Mapping[str, Weather], judged: Iterable[str], duration_s: float
) -> Figures:
    """Measure a run of sites with ``weathers``; fairness is over the ``judged`` sites."""
    since, until = observed.began, observed.began + duration_s
    ended = [line for line in observed.answers if line.ended < until]
    pages = [line for line in ended if is_page(line)]
    by_site = Counter(line.site for line in pages)
    able = {name: capacity(weather, 0, duration_s) for name, weather in weathers.items()}
    seen = [latency for when, latency in observed.latencies if when < until]
    took = [line.ended - line.arrived for line in pages]
    names = list(judged)
    several = len(names) > 1
    spells = [
        (name, spell)
        for name, weather in weathers.items()
        for spell in outages(weather)
        if spell[1] < duration_s
    ]
    return Figures(
        pages=len(pages),
        pages_per_s=len(pages) / duration_s,
        goodput=len(pages) / sum(able.values()),
        requests=len(ended),
        errors=1 - len(pages) / len(ended) if ended else 0.0,
        p50_s=quantile(seen, 0.5),
        p99_s=quantile(seen, 0.99),
        server_p50_s=quantile(took, 0.5),
        server_p99_s=quantile(took, 0.99),
        jain=jain([by_site[name] for name in names]) if several else None,
        worst_site=min(by_site[name] / able[name] for name in names) if several else None,
        recovery_s=max(
            (recovery_s(observed, name, weathers[name], end) for name, (_, end) in spells),
            default=None,
        ),
        probes_per_s=max((probes_per_s(observed, *spell) for spell in spells), default=None),
        cpu_s=observed.cpu_s,
        rss_mb=observed.rss_mb,
        server_cpu_s=observed.server_cpu_s,
        by_site=dict(by_site),
        served=by_second([line.ended - since for line in pages], duration_s),
        failed=by_second([line.ended - since for line in ended if not is_page(line)], duration_s),
        in_flight=in_flight(observed, duration_s),
    )


def middle(runs: Sequence[Figures]) -> Figures:
    """Return the medians over several runs; figures by site or second are those of the first."""
    names = [
        name for name in Figures.__slots__ if not isinstance(getattr(runs[0], name), dict | tuple)
    ]
    values = {name: [getattr(run, name) for run in runs] for name in names}
    medians = {name: median(each) for name, each in values.items() if None not in each}
    return replace(runs[0], **medians)


def is_page(line: AnswerLine) -> bool:
    """Return whether an answer is a page."""
    return line.status == 200 and line.ending == "whole"


def quantile(values: Sequence[float], q: float) -> float | None:
    """Return the ``q`` quantile (nearest rank); None without values."""
    ordered = sorted(values)
    return ordered[min(int(q * len(ordered)), len(ordered) - 1)] if ordered else None


def jain(values: Sequence[float]) -> float:
    """Return Jain's index of fairness, (Σx)² / (n Σx²), from 1/n to 1; 0 if all values are 0.

    R. Jain, D. Chiu, W. Hawe, A Quantitative Measure of Fairness and Discrimination (1984).
    """
    squares = sum(value * value for value in values)
    return sum(values) ** 2 / (len(values) * squares) if squares else 0.0


def outages(weather: Weather) -> list[tuple[float, float]]:
    """Return the outages as (from, until) in seconds; adjacent ones are merged."""
    spells: list[tuple[float, float]] = []
    for start, end, _ in sorted(weather.outages):
        if spells and start <= spells[-1][1]:
            spells[-1] = spells[-1][0], max(end, spells[-1][1])
        else:
            spells.append((start, end))
    return spells


def recovery_s(observed: Observed, name: str, weather: Weather, end: float) -> float:
    """Return the seconds from ``end`` until a site served 90 % of its capacity; see Figures."""
    times = [
        line.ended - observed.began - end
        for line in observed.answers
        if line.site == name and is_page(line)
    ]
    last = max(times, default=0.0)
    steps = 0
    while (t := steps * _STEP_S) + _OVER_S <= last:
        served = sum(t <= when < t + _OVER_S for when in times)
        if served >= _RECOVERED * capacity(weather, end + t, end + t + _OVER_S):
            return t + _OVER_S
        steps += 1
    return float("inf")


def probes_per_s(observed: Observed, name: str, spell: tuple[float, float]) -> float:
    """Return the requests per second during an outage; see Figures."""
    start, end = (observed.began + t for t in spell)
    arrived = [line.time for line in observed.requests if line.site == name]
    ended = sum(line.ended < start for line in observed.answers if line.site == name)
    under_way = sum(when < start for when in arrived) - ended
    probes = sum(start <= when < end for when in arrived) - under_way
    return max(0, probes) / (end - start)


def by_second(times: Iterable[float], duration_s: float) -> tuple[int, ...]:
    """Return how many of ``times`` are in each second from 0 to ``duration_s``."""
    counts = Counter(int(t) for t in times)
    return tuple(counts[second] for second in range(int(duration_s)))


def in_flight(observed: Observed, duration_s: float) -> tuple[int, ...]:
    """Return the requests in flight at all sites at the end of each second."""
    came = by_second([line.time - observed.began for line in observed.requests], duration_s)
    went = by_second([line.ended - observed.began for line in observed.answers], duration_s)
    return tuple(accumulate(a - b for a, b in zip(came, went, strict=True)))
