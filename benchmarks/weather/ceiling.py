"""Limits that know the site's every change: the ceiling for those that have to find out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from benchmarks.weather.client import Client
from benchmarks.weather.measures import figures_of
from benchmarks.weather.policies import policy_of
from benchmarks.weather.scenario import useful_in_flight
from crawlproj.demo.weather import change_times
from crawlproj.limits import Bounds
from crawlproj.limits.base import whole
from crawlproj.limits.fixed import Fixed
from crawlproj.limits.site import SiteControl

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from benchmarks.weather.measures import Figures
    from benchmarks.weather.policies import Control
    from benchmarks.weather.scenario import Scenario
    from crawlproj.demo.weather import Weather
    from crawlproj.limits.ending import Ending
    from crawlproj.limits.permit import Permit

_MULTIPLES = (1.0, 1.25, 1.6, 2.0, 3.0)


class Told:
    """A ``Control`` with ``multiple`` times the useful requests in flight, at any time."""

    def __init__(self, weather: Weather, multiple: float, maximum: int) -> None:
        self._steps = [
            (t, min(maximum, whole(multiple * useful_in_flight(weather, t))))
            for t in (0.0, *change_times(weather))
        ]
        self._control = SiteControl(Fixed(Bounds(maximum, 1, maximum)), None, None)
        self._step = 0

    @property
    def limit(self) -> float:
        """Requests that may be in flight."""
        return self._steps[self._step][1]

    def free(self, now: float) -> int:
        """Return how many requests may start now."""
        while self._step + 1 < len(self._steps) and self._steps[self._step + 1][0] <= now:
            self._step += 1
        return self._steps[self._step][1] - self._control.in_flight

    def ready_at(self) -> float:
        """Return when time allows the next start: always."""
        return 0.0

    def start(self, now: float) -> Permit:
        """Take a permit."""
        return self._control.start(now)

    def end(self, permit: Permit, now: float, ending: Ending) -> None:
        """Give a permit back."""
        self._control.end(permit, now, ending)


def ceiling(scenario: Scenario, seed: int) -> Figures:
    """Return the figures of the best of five limits that know the site, by goodput."""
    weather = scenario.sites[0]

    def make(multiple: float, maximum: int, _: random.Random) -> Control:
        return Told(weather, multiple, maximum)

    return _best(scenario, [partial(make, multiple) for multiple in _MULTIPLES], seed)


def best_fixed(scenario: Scenario, seed: int) -> Figures:
    """Return the figures of the best fixed limit for the whole run, by goodput."""
    weather = scenario.sites[0]
    useful = [useful_in_flight(weather, t) for t in (0.0, *change_times(weather))]
    sizes = {
        whole(multiple * each)
        for each in (min(useful), max(useful))
        for multiple in (1.0, 1.25, 1.6, 2.0)
    }
    return _best(scenario, [policy_of(f"fixed-{size}") for size in sorted(sizes)], seed)


def _best(
    scenario: Scenario, makes: Sequence[Callable[[int, random.Random], Control]], seed: int
) -> Figures:
    found = [figures_of(scenario, Client(scenario, make, seed).run()) for make in makes]
    return max(found, key=lambda figures: figures["goodput"])
