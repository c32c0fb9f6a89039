from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console

from benchmarks.processes import WrongResult
from benchmarks.weather_http import __main__ as command
from benchmarks.weather_http.report import Result, as_json, shown
from benchmarks.weather_http.scenario import Scenario, Side, scenarios
from tests.weather_http.helpers import PERFECT

if TYPE_CHECKING:
    import pytest

    from benchmarks.weather_http.measures import Figures

OUTAGE = scenarios()["outage"]


def printed(result: Result) -> str:
    console = Console(file=io.StringIO(), width=130)
    console.print(shown(result))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_figures_are_shown_with_the_requirements() -> None:
    slow = replace(PERFECT, recovery_s=float("inf"), goodput=0.5)
    text = printed(Result(OUTAGE, {"ours": [slow], "stock-8": [PERFECT]}, [], None))
    assert "outage: one site of 100 requests/s" in text
    assert "stock-8 (best fixed)" in text
    assert "s to 90 % after the outage: never (required: ≤ 10) missed" in text
    assert "probes/s in the outage: 0.500 (required: ≤ 1) met" in text


def test_a_column_without_figures_is_left_out() -> None:
    alone = replace(PERFECT, jain=None)
    assert "fairness" not in printed(Result(OUTAGE, {"ours": [alone]}, [], None))
    assert "fairness" in printed(Result(OUTAGE, {"ours": [alone], "stock-8": [PERFECT]}, [], None))


def test_a_scenario_in_which_every_crawl_failed_says_so() -> None:
    text = printed(Result(OUTAGE, {}, ["ours", "stock-8"], None))
    assert "ours failed, see above" in text
    assert "stock-8 failed, see above" in text


def test_the_json_is_strict_and_has_the_figures_of_every_run() -> None:
    never = replace(PERFECT, recovery_s=float("inf"))
    result = Result(OUTAGE, {"ours": [never, PERFECT, never]}, [], 0.2)
    (found,) = json.loads(json.dumps(as_json([result]), allow_nan=False))["results"]
    assert [run["recovery_s"] for run in found["runs"]["ours"]] == ["never", 1.0, "never"]
    assert found["verdicts"][0]["measured"] == "never"
    assert found["verdicts"][0]["met"] is False
    assert found["scenario"]["name"] == "outage"


def test_a_crawl_that_fails_does_not_affect_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def once(scenario: Scenario, side: Side) -> Figures:
        if side.ours:
            raise WrongResult("it ended with 1")
        return PERFECT

    monkeypatch.setattr(command, "once", once)
    console = Console(file=io.StringIO(), width=130)
    chosen = replace(OUTAGE, sides=("ours", "stock-8"))
    (result,) = command.measure([chosen], 2, console)
    assert result.broken == ["ours", "ours"]
    assert result.runs == {"stock-8": [PERFECT, PERFECT]}
    assert isinstance(console.file, io.StringIO)
    assert "outage: ours failed: it ended with 1" in console.file.getvalue()


def test_the_worst_of_several_runs_is_shown() -> None:
    stuck = replace(PERFECT, goodput=0.35)
    text = printed(Result(OUTAGE, {"ours": [PERFECT, stuck, PERFECT]}, [], None))
    assert "ours, 3 runs: goodput min 0.350, median" in text
    assert "runs:" not in printed(Result(OUTAGE, {"ours": [PERFECT]}, [], None))
