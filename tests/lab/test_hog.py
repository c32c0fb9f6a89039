"""``scrapy lab hog``: short tasks with a hog among them, and the GIL."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from typing import Any

import pytest
from rich.console import Console

from crawlproj.errors import ConfigError
from crawlproj.lab.hog import gil as gil_module
from crawlproj.lab.hog.claims import claims
from crawlproj.lab.hog.command import add_options, plan_of
from crawlproj.lab.hog.gil import GilPlan, WrongResult, gil_rows
from crawlproj.lab.hog.gil_work import measure as measure_work
from crawlproj.lab.hog.gil_work import primes
from crawlproj.lab.hog.measure import HogFailed, Plan, lateness, measure, run_model
from crawlproj.lab.hog.models.job import HogJob, Outcome
from crawlproj.lab.hog.models.table import MODELS
from crawlproj.lab.hog.tables import hog_tables

SMALL = HogJob(tasks=5, turns=40, period_s=0.01, hog_after_s=0.05, hog_cpu_s=0.05)


def ignore_progress(words: str, share: float) -> None: ...


def options(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_options(parser)
    return parser.parse_args(words)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_every_model_runs_all_tasks_and_a_hog_blocks_the_cooperative_ones(name: str) -> None:
    if missing := MODELS[name].missing():
        pytest.skip(missing)

    outcome = run_model(MODELS[name], SMALL)

    found = lateness(SMALL, outcome)
    assert found.hog_wall_s >= SMALL.hog_cpu_s
    assert 0 <= found.during_p50_s <= found.during_p99_s <= found.during_max_s
    if name in {"asyncio", "gevent", "twisted"}:
        assert found.during_max_s > 0.6 * found.hog_wall_s


def test_lateness_before_the_hog_and_while_it_ran_have_separate_figures() -> None:
    job = HogJob(tasks=2, turns=3, period_s=1.0, hog_after_s=1.2, hog_cpu_s=1.0)

    found = lateness(job, Outcome([[0.1, 0.2, 0.3], [0.1, 0.8, 0.0]], (1.2, 2.2)))

    assert (
        found.before_p50_s == found.before_p99_s == found.before_max_s == 0.1
    )  # due at 0 and 0.5; the turn due at 1 ran at 1.2
    assert found.during_p50_s == 0.3  # due at 1.5 and 2
    assert found.during_max_s == 0.8
    assert found.hog_wall_s == pytest.approx(1.0)


def test_a_model_fails_if_a_short_task_runs_fewer_turns() -> None:
    with pytest.raises(HogFailed, match="a short task did not run 40 turns"):
        lateness(SMALL, Outcome([[0.0] * 40] * 4 + [[0.0] * 39], (0.05, 0.1)))


def test_a_model_fails_if_the_hog_runs_after_all_short_tasks() -> None:
    with pytest.raises(HogFailed, match="when no short tasks were due"):
        lateness(SMALL, Outcome([[0.0] * 40] * 5, (7.0, 7.5)))


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["threads", "processes"])
def test_each_worker_does_the_whole_work(unit: str) -> None:
    wall_s, results = measure_work("python", unit, 3, 1000)

    assert wall_s > 0
    assert results == [168] * 3  # primes below 1,000


def test_primes_are_counted() -> None:
    assert [primes(below) for below in (2, 3, 4, 30)] == [0, 1, 2, 10]


@pytest.mark.slow
def test_a_free_threaded_interpreter_has_rows_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: sys.executable)
    plan = GilPlan({"python": 300}, workers=(1, 2), rounds=1)

    rows = gil_rows(plan, ignore_progress)

    assert [row["unit"] for row in rows] == ["threads", "processes"] * 2
    assert rows[0]["speedup"][1] == 1.0


@pytest.mark.slow
def test_a_row_says_that_no_free_threaded_interpreter_was_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)

    *_, row = gil_rows(GilPlan({"hash": 1}, workers=(1,), rounds=1), ignore_progress)

    assert row["unavailable"] == "none of python3.13t, python3.14t and python3.15t is on PATH"


@pytest.mark.slow
def test_workers_with_different_results_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gil_module, "_result", lambda *_: -1)

    with pytest.raises(WrongResult, match="python in 1 threads"):
        gil_rows(GilPlan({"python": 300}, workers=(1,), rounds=1), ignore_progress)


@pytest.mark.slow
def test_a_section_is_valid_json_and_fits_into_80_columns() -> None:
    plan = Plan([MODELS["asyncio"]], SMALL, GilPlan({"python": 300}, rounds=1), rounds=1)

    section: dict[str, Any] = measure(plan, ignore_progress)

    json.dumps(section, allow_nan=False)
    console = Console(width=80, force_terminal=False, color_system=None)
    with console.capture() as capture:
        for table in hog_tables(section):
            console.print(table)
    text = capture.get()
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "asyncio" in text
    assert "pure Python" in text


def test_failed_and_unavailable_models_are_reported() -> None:
    section = {
        "settings": {"tasks": 5, "hog_cpu_s": 0.5, "period_s": 0.01, "rounds": 1},
        "models": {
            "asyncio": {"title": "asyncio", "switched_by": "", "unavailable": ""},
            "gevent": {"title": "gevent", "switched_by": "", "unavailable": "no gevent"},
        },
        "rows": [{"model": "asyncio", "failure": "it crashed"}],
        "gil": [
            {"interpreter": "3", "gil": True, "kind": "hash", "unit": "threads", "speedup": {}}
        ],
        "claims": [],
    }
    console = Console(width=100, force_terminal=False, color_system=None)
    with console.capture() as capture:
        for table in hog_tables(section):
            console.print(table)

    assert "failed: it crashed" in capture.get()
    assert "unavailable: no gevent" in capture.get()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--tasks", "0"], "--tasks must be"),
        (["--hog-ms", "1"], "--hog-ms must be"),
        (["--rounds", "-1"], "--rounds must be"),
        (["--models", "cooking"], "--models: there is no model 'cooking'; choose from: processes"),
    ],
)
def test_the_error_names_the_wrong_option(words: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        plan_of(options(*words))


def test_quick_measures_one_round_with_a_smaller_hog() -> None:
    plan = plan_of(options("--quick"))

    assert (plan.rounds, plan.gil.rounds) == (1, 3)
    assert plan.job.hog_cpu_s == 0.1
    assert [model.name for model in plan.models] == list(MODELS)


def hog_row(name: str, late_s: float) -> dict[str, Any]:
    figure = {"median": late_s, "low": late_s, "high": late_s}
    names = ("before_p99_s", "during_p50_s", "during_p99_s", "during_max_s")
    return {
        "model": name,
        "failure": "",
        **dict.fromkeys(names, figure),
        "hog_wall_s": {"median": 0.5, "low": 0.5, "high": 0.5},
    }


def test_a_claim_says_whether_the_hog_blocked_the_others() -> None:
    cooperative, preemptive = claims([hog_row("asyncio", 0.49), hog_row("threads", 0.02)], [])
    contrary = claims([hog_row("gevent", 0.02), hog_row("processes", 0.4)], [])

    assert cooperative.holds
    assert cooperative.figure.endswith("asyncio 490 of 500")
    assert preemptive.holds
    assert [claim.holds for claim in contrary] == [False, False]


def gil_row(kind: str, unit: str, times: float) -> dict[str, Any]:
    named = {"interpreter": "3.11", "gil": True, "kind": kind, "unit": unit}
    return {**named, "speedup": {1: 1.0, 4: times}}


@pytest.mark.parametrize(
    ("processes", "verdicts"), [(1.8, [True, True]), (1.1, [None, None])], ids=["free", "busy"]
)
def test_a_claim_about_the_gil_is_open_if_processes_gain_nothing_either(
    processes: float, verdicts: list[bool | None]
) -> None:
    rows = [
        gil_row("python", "threads", 0.9),
        gil_row("python", "processes", processes),
        gil_row("hash", "threads", 1.9),
        gil_row("hash", "processes", processes),
        {"interpreter": ""},
    ]

    found = list(claims([], rows))

    assert [claim.holds for claim in found] == verdicts
    assert found[1].figure.startswith(
        "in the time of one worker, 4 threads did 1.90 times its work"
    )
