"""The figures of a run against the oracle, and their means over the seeds."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import ceil, nan, sqrt
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from benchmarks.weather.client import TICK_S
from benchmarks.weather.scenario import capacity_at, useful_in_flight
from crawlproj.demo.weather import Weather, WeatherSite, capacity, change_times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.weather.client import SiteRun
    from benchmarks.weather.scenario import Scenario

_ABOVE = 1.1
_REACHED = 0.9
_STEP = 1.25  # a smaller rise of the capacity is not a step
_MIN_WINDOW_S, _WINDOW_PAGES = 2.0, 40
_UNLOADED_PAGES = 16_000
_Z = 1.96

Figures = dict[str, float]
"""goodput: pages / oracle. errors: share of the requests that ended. above: share of the time with
more than 1.1 times the useful requests at the site. ramp_s: seconds to 90 % of the capacity, after
the start and after each rise by a quarter. p99: relative to the unloaded p99. jain, wait_s,
longest_wait_s: see ``figures_of``; nan with one site."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over seeds and half of its 95 % confidence interval; nan if unknown."""

    mean: float
    half: float


def figures_of(scenario: Scenario, runs: Sequence[SiteRun]) -> Figures:
    """Return the figures of one run of a scenario.

    With several sites, above, ramp_s and p99 are means over the sites that are up at some time.
    jain is Jain's index of their goodput / oracle, (Σx)² / (n Σx²) (Jain, Chiu and Hawe, 1984).
    wait_s and longest_wait_s are the mean and the maximum wait of starts at fast sites (of median
    capacity or more) for the client's global budget.
    """
    duration_s = scenario.duration_s
    oracles = [capacity(run.weather, 0, duration_s) for run in runs]
    pages = sum(run.ok[-1] for run in runs)
    errors = sum(run.errors[-1] for run in runs)
    alive = [(run, oracle) for run, oracle in zip(runs, oracles, strict=True) if oracle > 0]
    figures = {
        "goodput": pages / sum(oracles),
        "errors": errors / max(1, pages + errors),
        "above": fmean(_above(run, duration_s) for run, _ in alive),
        "ramp_s": fmean(_ramp_s(run, duration_s) for run, _ in alive),
        "over_two": max(run.over_two for run in runs),
        "p99": _mean([_p99_ratio(run, duration_s) for run, _ in alive]),
        "jain": nan,
        "wait_s": nan,
        "longest_wait_s": nan,
    }
    if len(runs) > 1:
        shares = [run.ok[-1] / oracle for run, oracle in alive]
        squares = sum(share**2 for share in shares)
        figures["jain"] = sum(shares) ** 2 / (len(shares) * squares) if squares else nan
        median = sorted(oracle for _, oracle in alive)[len(alive) // 2]
        waits = [wait for run, oracle in alive if oracle >= median for wait in run.waits_s]
        figures["wait_s"], figures["longest_wait_s"] = fmean(waits), max(waits)
    return figures


def endings_of(runs: Sequence[SiteRun]) -> Counter[str]:
    """Return the number of requests by ending, over all sites."""
    total: Counter[str] = Counter()
    for run in runs:
        total.update(run.endings)
    return total


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean and half of its confidence interval (Student's t)."""
    known = [value for value in values if value == value]  # noqa: PLR0124 - nan differs from itself
    if not known:
        return Estimate(nan, nan)
    if len(known) == 1:
        return Estimate(known[0], nan)
    free = len(known) - 1
    # t from z: Abramowitz and Stegun 26.7.5, two terms
    t = _Z + (_Z**3 + _Z) / (4 * free) + (5 * _Z**5 + 16 * _Z**3 + 3 * _Z) / (96 * free**2)
    return Estimate(fmean(known), t * stdev(known) / sqrt(len(known)))


def segments(weather: Weather, duration_s: float) -> list[tuple[float, float]]:
    """Return (from, until) of the spans in which the site does not change."""
    edges = [0.0, *(t for t in change_times(weather) if t < duration_s), duration_s]
    return list(pairwise(edges))


def _above(run: SiteRun, duration_s: float) -> float:
    """Return the share of the time with a growing queue; a site that is down has none."""
    above = total = 0
    for since, until in segments(run.weather, duration_s):
        useful = useful_in_flight(run.weather, since)
        if not useful:
            continue
        maximum = max(_ABOVE * useful, ceil(useful - 1e-6))
        ticks = run.at_site[_tick(since) : _tick(until)]
        above += sum(1 for count in ticks if count > maximum)
        total += len(ticks)
    return above / total if total else nan


def _ramp_s(run: SiteRun, duration_s: float) -> float:
    """Return the mean seconds to 90 % of the capacity; a span that misses it counts in full."""
    rates = [
        (since, until, capacity_at(run.weather, since))
        for since, until in segments(run.weather, duration_s)
    ]
    rises: list[tuple[float, float]] = []  # time of the rise, and of the end of its span
    before = 0.0
    for since, until, rate in rates:
        if rate >= _STEP * before and rate:
            rises.append((since, until))
        elif rises and rate > before / _STEP:  # about the same as before
            rises[-1] = (rises[-1][0], until)
        before = rate
    return fmean(_reached_s(run, since, until) for since, until in rises)


def _reached_s(run: SiteRun, since: float, until: float) -> float:
    """Return the seconds from ``since`` to the first window that reaches 90 %."""
    rate = capacity_at(run.weather, since)
    window = ceil(max(_MIN_WINDOW_S, _WINDOW_PAGES / rate) / TICK_S)
    last = len(run.ok) - 1
    for tick in range(_tick(since), _tick(until) - window + 1):
        end = min(last, tick + window)
        oracle = capacity(run.weather, tick * TICK_S, end * TICK_S)
        if run.ok[end] - run.ok[tick] >= _REACHED * oracle > 0:
            return tick * TICK_S - since
    return until - since


def _p99_ratio(run: SiteRun, duration_s: float) -> float:
    if len(run.latencies_s) < 20:
        return nan
    return _p99(run.latencies_s) / unloaded_p99_s(run.weather, duration_s)


def _p99(values: Sequence[float]) -> float:
    return sorted(values)[ceil(0.99 * len(values)) - 1]


@lru_cache(maxsize=256)
def unloaded_p99_s(weather: Weather, duration_s: float) -> float:
    """Measure the p99 of one request at a time, without others, limiter, outages and drops."""
    alone = Weather(
        service_s=weather.service_s,
        sigma=weather.sigma,
        expensive_share=weather.expensive_share,
        expensive_factor=weather.expensive_factor,
        trip_s=weather.trip_s,
        network_s=weather.network_s,
    )
    latencies: list[float] = []
    seed = 0
    while len(latencies) < _UNLOADED_PAGES:
        site = WeatherSite(alone, random.Random(seed), 0.0)  # noqa: S311 - a simulation's dice
        now = 0.0
        while now < duration_s:
            site.arrive(now, 0)
            sent_at = now
            while not site.advance(now):
                now = site.next_at() or now
            latencies.append(now - sent_at)
        seed += 1
    return _p99(latencies)


def _tick(t: float) -> int:
    return round(t / TICK_S)


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if value == value]  # noqa: PLR0124 - nan differs from itself
    return fmean(known) if known else nan
