"""Families of random sites: what changes is fixed, everything else is drawn."""

from __future__ import annotations

import random
from math import ceil, exp, log
from typing import TYPE_CHECKING

from benchmarks.weather.scenario import Scenario, checked
from crawlproj.demo.weather import Weather

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawlproj.demo.weather_fields import Steps

_MAX_PER_SITE = 128
_MAX_USEFUL = 96  # in flight
_MIN_DURATION_S, _ANSWERS = 60.0, 300  # the longer of the two: seconds, answers one after another
_STEPS = 8  # of a ramp
_NOISE_S = 5.0
_MOST_BUSY = 0.5  # of the client's event loop
_TRIP_OF_ONE = 0.3  # of the service time: with more, one worker would be worth two requests


def constant(workers: int, service_s: float, _: float, __: random.Random) -> tuple[Steps, Steps]:
    """Nothing changes."""
    return ((0, workers),), ((0, service_s),)


def steps(workers: int, service_s: float, end: float, _: random.Random) -> tuple[Steps, Steps]:
    """The capacity falls to a quarter and comes back."""
    fewer = max(1, round(workers / 4))
    return ((0, workers), (end / 3, fewer), (2 * end / 3, workers)), ((0, service_s),)


def ramp(workers: int, service_s: float, end: float, rng: random.Random) -> tuple[Steps, Steps]:
    """The capacity goes up to four times as much, or down from there."""
    values = [max(1, round(workers * 4 ** (n / (_STEPS - 1) - 1))) for n in range(_STEPS)]
    if rng.random() < 0.5:
        values.reverse()
    return tuple((n * end / _STEPS, value) for n, value in enumerate(values)), ((0, service_s),)


def slower(workers: int, service_s: float, end: float, rng: random.Random) -> tuple[Steps, Steps]:
    """Every answer takes up to three times as long, from the middle on."""
    return ((0, workers),), ((0, service_s), (end / 2, service_s * rng.uniform(1.5, 3.0)))


def noise(workers: int, service_s: float, end: float, rng: random.Random) -> tuple[Steps, Steps]:
    """The service time goes up and down by a third or so, every five seconds."""
    times = [n * _NOISE_S for n in range(ceil(end / _NOISE_S))]
    return ((0, workers),), tuple((t, service_s * exp(rng.gauss(0, 0.25))) for t in times)


def single(_: int, service_s: float, __: float, ___: random.Random) -> tuple[Steps, Steps]:
    """One worker, and a round trip so short that it bears one request in flight."""
    return ((0, 1),), ((0, service_s),)


SINGLE = "single"
FAMILIES: dict[str, Callable[[int, float, float, random.Random], tuple[Steps, Steps]]] = {
    "constant": constant,
    "steps": steps,
    "ramp": ramp,
    "slower": slower,
    "noise": noise,
    SINGLE: single,
}
"""Families by name: workers, service time (s) and duration (s) in, their steps out."""
SEVERAL = tuple(name for name in FAMILIES if name != SINGLE)
"""The families whose figures count together."""


def draw(family: str, seed: str) -> Scenario:
    """Return a random site of a family; the same seed gives the same one.

    Workers are from 1 to 64 and median service times from 0.02 to 2 s, both log-uniform; sigma is
    from 0.2 to 1.2, the round trip from 0 to 1 × service (half of it before the queue), overload
    from 0 to 0.3. Half of the sites have expensive pages: a fifth of all, 2 to 10 × as long. The
    client spends 0.5 to 3 ms of its event loop on a page, less where that would be over half of its
    time, and blocks it for 0 to 30 ms about once a second. It runs for 60 s, or as long as 300
    answers one after another if that is longer.

    Sites that need more than 96 in flight are drawn again. Of the family "single", all have one
    worker, and the round trip is at most 0.3 × service.
    """
    rng = random.Random(f"{family}/{seed}")  # noqa: S311 - a simulation's dice
    while True:
        scenario, useful = _draw(family, seed, rng)
        if useful <= _MAX_USEFUL:
            return checked(scenario)


def _draw(family: str, seed: str, rng: random.Random) -> tuple[Scenario, float]:
    workers = round(exp(rng.uniform(0, log(64))))
    service_s = exp(rng.uniform(log(0.02), log(2)))
    longest_s = _TRIP_OF_ONE * service_s if family == SINGLE else service_s
    trip_s = max(0.001, rng.uniform(0, 1) * longest_s) / 2
    expensive = rng.random() < 0.5
    one = Weather(
        sigma=rng.uniform(0.2, 1.2),
        expensive_share=0.2 if expensive else 0.0,
        expensive_factor=rng.uniform(2, 10),
    )
    answer_s = service_s * one.mean_factor + 2 * trip_s
    duration_s = float(ceil(max(_MIN_DURATION_S, _ANSWERS * answer_s)))
    many, slow = FAMILIES[family](workers, service_s, duration_s, rng)
    weather = Weather(
        workers=many,
        service_s=slow,
        sigma=one.sigma,
        expensive_share=one.expensive_share,
        expensive_factor=one.expensive_factor,
        trip_s=trip_s,
        network_s=trip_s,
        overload=rng.uniform(0, 0.3),
    )
    fastest_s = min(value for _, value in slow) * one.mean_factor
    most = max(count for _, count in many)
    rate = most / fastest_s
    scenario = Scenario(
        name=f"{family}-{seed}",
        half="held-out",
        about=f"{most:g} workers × {service_s:.3g} s, sigma {weather.sigma:.2f}",
        duration_s=duration_s,
        sites=(weather,),
        in_flight=_MAX_PER_SITE,
        max_per_site=_MAX_PER_SITE,
        timeout_s=180.0,
        page_cpu_s=min(rng.uniform(0.0005, 0.003), _MOST_BUSY / rate),
        hog_s=rng.uniform(0, 0.03),
    )
    return scenario, rate * (fastest_s + 2 * trip_s)
