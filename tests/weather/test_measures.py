"""The figures of runs with known results."""

from __future__ import annotations

from dataclasses import replace
from math import isnan

import pytest

from benchmarks.weather.client import Client
from benchmarks.weather.measures import Figures, estimate, figures_of, unloaded_p99_s
from benchmarks.weather.policies import policy_of
from crawlproj.demo.weather import Weather
from tests.weather.helpers import PLAIN, scenario_of

EXACT = Weather(workers=((0, 4),), service_s=((0, 1.0),), sigma=0.0, network_s=0.01)


def figures(*sites: Weather, policy: str, duration_s: float = 120, in_flight: int = 128) -> Figures:
    scenario = scenario_of(*sites, duration_s=duration_s, in_flight=in_flight)
    return figures_of(scenario, Client(scenario, policy_of(policy), 1).run())


def test_half_as_many_in_flight_as_workers_reach_half_of_the_oracle_without_a_queue() -> None:
    found = figures(EXACT, policy="fixed-2")
    assert found["goodput"] == pytest.approx(0.5, abs=0.02)
    assert found["above"] == 0
    assert found["ramp_s"] == 120  # never reached
    assert found["p99"] == pytest.approx(1.0)
    assert isnan(found["jain"])


def test_twice_as_many_in_flight_as_workers_queue_always_and_double_the_latency() -> None:
    found = figures(EXACT, policy="fixed-8")
    assert found["above"] > 0.99
    assert found["p99"] == pytest.approx(2.0, rel=0.02)
    assert found["goodput"] == pytest.approx(1.0, abs=0.03)
    assert found["ramp_s"] <= 1.0


def test_the_ramp_counts_from_each_rise() -> None:
    weather = replace(EXACT, workers=((0, 1), (60, 4)))
    assert figures(weather, policy="fixed-2")["ramp_s"] == pytest.approx(30, abs=1)  # 0 and 60


def test_rejections_are_errors_and_an_outage_is_not_a_queue() -> None:
    refused = figures(replace(PLAIN, rate=((0, 5),)), policy="fixed-8", duration_s=20)
    assert refused["errors"] > 0.9
    assert figures(replace(EXACT, outages=((0, 119, "503"),)), policy="fixed-2")["above"] == 0


def test_a_site_that_is_never_up_does_not_count_in_fairness() -> None:
    down = replace(EXACT, outages=((0, 200, "hang"),))
    found = figures(EXACT, EXACT, down, policy="fixed-4")
    assert found["jain"] == pytest.approx(1.0)
    assert found["goodput"] == pytest.approx(1.0, abs=0.03)


def test_a_fast_site_waits_while_a_dead_one_holds_the_budget() -> None:
    down = replace(EXACT, outages=((0, 200, "hang"),))
    assert figures(EXACT, down, policy="fixed-4")["longest_wait_s"] == 0
    assert figures(EXACT, down, policy="fixed-64", in_flight=64)["longest_wait_s"] > 1


def test_the_unloaded_p99_comes_from_service_and_network() -> None:
    assert unloaded_p99_s(EXACT, 60) == pytest.approx(1.01)
    p99 = 0.02 + 0.2 * 5.096  # exp(0.7 · 2.3263)
    assert unloaded_p99_s(PLAIN, 60) == pytest.approx(p99, rel=0.06)


def test_the_confidence_interval_is_students() -> None:
    found = estimate([1.0, 2.0, 3.0, 4.0, 5.0])
    assert found.mean == 3.0
    assert found.half == pytest.approx(2.776 * 1.5811 / 5**0.5, rel=0.02)
