"""The tables, the JSON and the trace."""

from __future__ import annotations

import json

import pytest
from rich.console import Console

from benchmarks.weather.report import as_json, matrix, scenario_table, summary_table
from benchmarks.weather.running import run_all
from benchmarks.weather.trace import as_csv, as_lines, as_plot, trace
from tests.weather.helpers import PLAIN, scenario_of

SCENARIO = scenario_of(PLAIN, duration_s=30)


def test_tables_fit_120_columns_and_the_json_has_every_seed() -> None:
    scenario = scenario_of(PLAIN, PLAIN, duration_s=10)
    results = list(run_all([scenario], ["knee", "fixed-8", "throttle-16"], seeds=2, jobs=1))
    console = Console(width=120, record=True, quiet=False, file=None)
    with console.capture() as captured:
        for table in (scenario_table(results), matrix(results), summary_table("tuned", results)):
            console.print(table)
    assert "…" not in captured.get()
    data = json.loads(json.dumps(as_json(results, 2), allow_nan=False))
    assert [one["policy"] for one in data["results"]] == ["knee", "fixed-8", "throttle-16"]
    assert len(data["results"][0]["figures"]["goodput"]["by_seed"]) == 2
    assert data["summary"]["tuned"]["knee"]["better_on_both"] is False


@pytest.mark.slow
def test_the_number_of_processes_does_not_change_results() -> None:
    alone, together = (list(run_all([SCENARIO], ["fixed-8"], 7, jobs)) for jobs in (1, 2))
    assert [str(one.figures) for one in alone] == [str(one.figures) for one in together]


def test_a_trace_has_a_line_per_step_and_fits_its_plot() -> None:
    points, decisions = trace(SCENARIO, "fixed-8", 1, site=0, step_s=1.0)
    assert decisions == []
    assert len(points) == 30
    lines = as_csv(points).splitlines()
    assert lines[0] == "t_s,limit,in_flight,useful,pages_per_s,capacity,errors_per_s"
    assert lines[5].startswith("4,8,")
    plot = as_plot(points)
    assert "in flight" in plot
    assert max(len(line) for line in plot.splitlines()) <= 120


def test_a_trace_tells_why_the_limit_changed() -> None:
    _, decisions = trace(SCENARIO, "knee", 1, site=0, step_s=1.0)
    lines = as_lines(decisions).splitlines()
    assert len(lines) == len(decisions) + 1 > 5
    assert " knee " in lines[1]
    assert "in flight took" in lines[1]
    assert max(map(len, lines)) <= 120
