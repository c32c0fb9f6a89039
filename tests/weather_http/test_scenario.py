from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.weather_http.runs import command
from benchmarks.weather_http.scenario import Require, Side, scenarios

SCENARIOS = scenarios()


def test_every_scenario_is_valid_and_has_a_requirement() -> None:
    assert {
        *("step", "bucket", "bucket-retry-after", "bucket-headers", "bucket-x-headers"),
        *("rtt", "mixed", "twenty", "outage", "many"),
    } == SCENARIOS.keys()
    for scenario in SCENARIOS.values():
        assert scenario.require != Require()
        assert "ours" in scenario.sides
        assert set(scenario.light) <= set(scenario.sides)
        assert [Side(name) for name in scenario.sides]
        assert len(scenario.specs()) == len(scenario.weathers())


@pytest.mark.parametrize("name", ["stock", "stock-0", "stock-x", "autothrottle-", "theirs", ""])
def test_an_unknown_side_is_an_error_that_lists_the_known_ones(name: str) -> None:
    with pytest.raises(ValueError, match="choose from ours, stock-N, autothrottle"):
        Side(name)


def test_the_name_of_a_side_gives_its_number() -> None:
    assert Side("stock-16").fixed == 16
    assert Side("stock-16").settings == {"CONCURRENT_REQUESTS_PER_DOMAIN": "16"}
    assert Side("ours").fixed is None
    assert Side("autothrottle-16").fixed is None
    assert Side("autothrottle-16").settings["AUTOTHROTTLE_TARGET_CONCURRENCY"] == "16"
    assert Side("autothrottle").settings["AUTOTHROTTLE_ENABLED"] == "1"


def test_all_sides_have_the_budget_and_timeout_of_the_scenario() -> None:
    for name in ("ours", "stock-8", "stock-64", "autothrottle", "autothrottle-16"):
        words = command(SCENARIOS["twenty"], Side(name), Path("folder"))
        assert {"CONCURRENT_REQUESTS=64", "DOWNLOAD_TIMEOUT=10", "pending=32"} <= set(words)
        assert f"sites={Path('folder', 'sites')}" in words


def test_only_ours_has_a_frontier_in_the_folder() -> None:
    words = {
        name: command(SCENARIOS["step"], Side(name), Path("/folder"))
        for name in ("ours", "stock-8")
    }
    assert "FRONTIER_URL=sqlite:////folder/crawl.db" in words["ours"]
    assert not any(word.startswith("FRONTIER_URL") for word in words["stock-8"])


def test_with_one_site_a_fixed_number_is_the_budget_too() -> None:
    words = command(SCENARIOS["step"], Side("stock-8"), Path("folder"))
    assert "CONCURRENT_REQUESTS=8" in words
