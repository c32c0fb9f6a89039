"""Tests random sites over HTTP, without crawling them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pytest

from benchmarks.weather.families import SEVERAL, draw
from benchmarks.weather_http.random_sites import as_real, draws, fits

if TYPE_CHECKING:
    from crawlproj.demo.weather import Weather


@pytest.mark.parametrize("family", SEVERAL)
def test_the_site_of_a_simulation_is_served_over_http_with_the_same_weather(family: str) -> None:
    simulated = draw(family, "7-1")

    real = as_real(simulated)

    assert list(real.weathers().values()) == list(simulated.sites)
    assert (real.duration_s, real.in_flight) == (simulated.duration_s, simulated.in_flight)


def test_sites_that_one_machine_cannot_serve_in_a_minute_are_left_out() -> None:
    numbers = [each.number for each in draws("steps", 5, 7)]

    assert numbers == list(islice((n for n in range(1000) if fits(draw("steps", f"7-{n}"))), 5))
    left_out = [draw("steps", f"7-{n}") for n in range(numbers[-1]) if n not in numbers]
    assert left_out
    assert all(site.duration_s > 60 or _peak(site.sites[0]) > 100 for site in left_out)


def _peak(site: Weather) -> float:
    fastest_s = min(value for _, value in site.service_s) * site.mean_factor
    return max(value for _, value in site.workers) / fastest_s
