"""Random sites: how they are drawn, and how the figures are spread over them."""

from __future__ import annotations

import json

import pytest
from rich.console import Console

from benchmarks.weather.ceiling import Told
from benchmarks.weather.client import Client
from benchmarks.weather.families import FAMILIES, SINGLE, draw
from benchmarks.weather.running import Result
from benchmarks.weather.scenario import useful_in_flight
from benchmarks.weather.spread import (
    Draw,
    Drawn,
    quantile,
    run_draw,
    runs_table,
    spread_of,
    spread_table,
)
from crawlproj.demo.weather import capacity, change_times
from tests.weather.helpers import PLAIN, scenario_of


@pytest.mark.parametrize("family", FAMILIES)
def test_sites_are_drawn_from_the_whole_range_and_by_the_seed_alone(family: str) -> None:
    scenarios = [draw(family, str(seed)) for seed in range(60)]
    assert scenarios == [draw(family, str(seed)) for seed in range(60)]
    rates = [capacity(each.sites[0], 0, 1) for each in scenarios]
    assert min(rates) < 5
    assert max(rates) > (200 if family != SINGLE else 20)
    for scenario in scenarios:
        site = scenario.sites[0]
        assert useful_in_flight(site, 0) <= scenario.max_per_site
        assert 0 < scenario.page_cpu_s <= 0.003
        assert site.trip_s == site.network_s > 0
        assert bool(change_times(site)) == (family not in {"constant", SINGLE})


def test_single_workers_bear_hardly_more_than_one_request() -> None:
    for seed in range(60):
        assert 1 < useful_in_flight(draw(SINGLE, str(seed)).sites[0], 0) <= 1.3


def test_a_limit_that_knows_the_site_follows_each_change_of_the_site() -> None:
    scenario = draw("steps", "3")
    site = scenario.sites[0]
    control = Told(site, 1.0, 1000)
    first, fewer, last = (0.0, *change_times(site))
    sizes = [control.free(now) for now in (first, fewer, last)]
    assert sizes[1] < sizes[0] == sizes[2]
    assert sizes == [round(useful_in_flight(site, t)) for t in (first, fewer, last)]


def test_a_limit_that_knows_the_site_reaches_what_a_site_can_serve() -> None:
    scenario = scenario_of(PLAIN, duration_s=120)
    [run] = Client(scenario, lambda most, _: Told(PLAIN, 1.6, most), 1).run()
    assert run.ok[-1] == pytest.approx(capacity(PLAIN, 0, 120), rel=0.1)


def drawn(number: int, goodput: float) -> Drawn:
    figures = {"goodput": goodput, "errors": 0.01 * number, "p99": 1.0 + number}
    figures["over_two"] = 8 + number
    best = {"goodput": 0.9, "errors": 0.0, "p99": 1.0, "over_two": 0}
    return Drawn(Draw("constant", number, 1, ("knee",)), {"ceiling": best, "knee": figures})


def test_one_stuck_run_of_ten_shows_in_the_spread() -> None:
    runs = [drawn(number, 0.45 if number == 3 else 0.9) for number in range(10)]
    spread = spread_of(runs, "knee")
    assert spread.goodput == (0.45, 0.45, 0.9)
    assert spread.of_ceiling == (0.5, 0.5, 1.0)
    assert spread.low == 0.1
    assert spread.over_two == 0.7
    assert spread.p99 == (5.5, 10.0)
    assert spread.errors == pytest.approx(0.045)


def test_a_stuck_run_of_a_named_scenario_shows_in_its_row_and_over_all() -> None:
    scenario = scenario_of(PLAIN)
    figures = [drawn(number, 0.35 if number == 3 else 0.9).figures["knee"] for number in range(10)]
    results = [Result(scenario, "knee", figures), Result(scenario, "aimd", figures[:2])]
    console = Console(width=120)
    with console.capture() as captured:
        console.print(runs_table(results))
    rows = {line.strip().split("  ")[0]: line.split()[2:] for line in captured.get().splitlines()}
    stuck = ["10", "0.35", "0.35", "0.90", "10", "5.50,", "10.00", "4.50"]
    assert rows["test, knee"] == rows["all, knee"] == stuck
    assert rows["all, aimd"][:4] == ["2", "0.90", "0.90", "0.90"]


def test_the_fifth_percentile_of_a_hundred_is_the_fifth_lowest() -> None:
    assert quantile([float(n) for n in range(100, 0, -1)], 0.05) == 5


@pytest.mark.parametrize("family", ["constant", SINGLE])
def test_too_many_requests_for_a_single_worker_show_in_the_table_of_single_workers(
    family: str,
) -> None:
    figures = {"ceiling": drawn(0, 0.9).figures["knee"], "knee": drawn(3, 0.9).figures["knee"]}
    console = Console(width=120)
    with console.capture() as captured:
        console.print(spread_table(family, [Drawn(Draw(family, 1, 1, ("knee",)), figures)]))
    rows = {words[0]: words for line in captured.get().splitlines() if (words := line.split())}
    shown = ["0", "100.0"] if family == SINGLE else ["0"]
    assert rows["knee"][7:-3] == shown


@pytest.mark.slow
def test_every_policy_crawls_the_same_site_and_the_table_fits_120_columns() -> None:
    done = run_draw(Draw("constant", 29, 1, ("knee", "best-fixed")))
    assert list(done.figures) == ["ceiling", "knee", "best-fixed"]
    assert done.figures["best-fixed"]["goodput"] <= 1.1
    console = Console(width=120)
    with console.capture() as captured:
        console.print(spread_table("constant", [done]))
    assert "…" not in captured.get()
    assert json.loads(json.dumps(done.as_json(), allow_nan=False))["family"] == "constant"
