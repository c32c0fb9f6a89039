"""The simulated client, checked against queueing theory."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING

import pytest

from benchmarks.weather.client import Client
from benchmarks.weather.measures import endings_of, figures_of
from benchmarks.weather.policies import policy_of
from crawlproj.demo.weather import Weather, capacity
from crawlproj.limits.base import Bounds
from crawlproj.limits.fixed import Fixed
from crawlproj.limits.site import SiteControl
from tests.weather.helpers import PLAIN, scenario_of

if TYPE_CHECKING:
    from crawlproj.limits.ending import Ending
    from crawlproj.limits.permit import Permit


@pytest.mark.parametrize("policy", ["knee", "throttle", "aimd"])
def test_runs_are_determined_by_the_seed(policy: str) -> None:
    scenario = scenario_of(replace(PLAIN, rate=((0, 20),), drop_share=0.01), duration_s=60)
    first, again, other = (Client(scenario, policy_of(policy), seed).run()[0] for seed in (1, 1, 2))
    assert first == again
    assert first.latencies_s != other.latencies_s


@pytest.mark.parametrize("size", [1, 4, 8, 30])
def test_littles_law_holds(size: int) -> None:
    [run] = Client(scenario_of(PLAIN, duration_s=300), policy_of(f"fixed-{size}"), 1).run()
    arrivals_per_s = run.ok[-1] / 300
    assert fmean(run.in_flight) == pytest.approx(arrivals_per_s * fmean(run.latencies_s), rel=0.02)


@pytest.mark.parametrize("sigma", [0.3, 0.7, 1.2])
def test_a_few_more_in_flight_than_workers_reach_the_oracle(sigma: float) -> None:
    scenario = scenario_of(replace(PLAIN, sigma=sigma, network_s=0.001), duration_s=400)
    [run] = Client(scenario, policy_of("fixed-9"), 1).run()
    assert run.ok[-1] == pytest.approx(capacity(run.weather, 0, 400), rel=0.08)


@pytest.mark.parametrize(("size", "in_a_row"), [(2, False), (3, True)])
def test_pages_are_counted_that_come_while_more_than_two_requests_are_at_the_site(
    size: int, *, in_a_row: bool
) -> None:
    [run] = Client(scenario_of(PLAIN), policy_of(f"fixed-{size}"), 1).run()
    assert run.over_two == (run.ok[-1] if in_a_row else 0)


def test_the_budget_holds_and_sites_take_turns() -> None:
    scenario = scenario_of(*[PLAIN] * 5, in_flight=20)
    runs = Client(scenario, policy_of("fixed-64"), 1).run()
    assert max(map(sum, zip(*(run.in_flight for run in runs), strict=True))) == 20
    assert figures_of(scenario, runs)["jain"] > 0.99


def test_errors_are_counted_by_kind_and_hanging_requests_time_out() -> None:
    weather = replace(PLAIN, outages=((20, 45, "hang"), (45, 60, "reset"), (60, 80, "503")))
    [run] = Client(scenario_of(weather), policy_of("fixed-4"), 1).run()
    assert run.endings["timeout"] == 3 * 4  # 10 s after each was sent: at 30, 40 and 50 s
    assert run.endings["reset"] > 4
    assert run.endings["503"] > 4
    assert sum(run.endings.values()) - run.endings["ok"] == run.errors[-1]
    assert max(run.at_site[210:440]) == 0


def test_a_request_answered_after_its_time_out_counts_once() -> None:
    slow = Weather(workers=((0, 1),), service_s=((0, 4.0),), sigma=0.0, network_s=0.01)
    [run] = Client(scenario_of(slow), policy_of("fixed-4"), 1).run()
    assert run.ok[-1] <= 30
    assert endings_of([run])["timeout"] > 0
    assert max(run.in_flight) == 4


def test_a_busy_event_loop_bounds_the_pages_and_its_lag_comes_off_the_latency() -> None:
    one = replace(PLAIN, workers=((0, 50),), service_s=((0, 0.05),), sigma=0.1, network_s=0.01)
    busy = replace(scenario_of(one, duration_s=60), page_cpu_s=0.01)
    seen: list[float] = []

    class Watched(SiteControl):
        def end(self, permit: Permit, now: float, ending: Ending) -> None:
            seen.append(ending.rtt_s)
            super().end(permit, now, ending)

    def make(_: int, __: object) -> Watched:
        return Watched(Fixed(Bounds(20, 1, 20)), None, None)

    [run] = Client(busy, make, 1).run()
    assert run.ok[-1] == pytest.approx(60 / 0.01, rel=0.05)  # the site could do more
    assert fmean(run.latencies_s) > fmean(seen) + 0.02


def test_callbacks_that_block_the_event_loop_delay_answers() -> None:
    one = replace(PLAIN, sigma=0.1)
    plain = replace(scenario_of(one, duration_s=200), page_cpu_s=0.001)
    [free], [blocked] = (
        Client(each, policy_of("fixed-8"), 1).run() for each in (plain, replace(plain, hog_s=0.2))
    )
    assert max(blocked.latencies_s) > max(free.latencies_s) + 0.2
    assert blocked.ok[-1] < 0.95 * free.ok[-1]
