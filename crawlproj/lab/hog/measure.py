"""The measurement of ``scrapy lab hog``: how late short tasks are while a hog computes.

Its section of ``lab.json``::

    settings   tasks, turns, period_s, hog_after_s, hog_cpu_s, rounds
    models     {name: the fields of its row, and unavailable (why it did not run, or "")}
    rows       model, failure (why it did not finish, or ""), and the figures of ``Lateness`` as
               {median, low, high} over the rounds
    gil        rows of gil.py
    claims     rows of claims.py
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from crawlproj.lab.figures import percentile, summarize
from crawlproj.lab.hog.claims import claims
from crawlproj.lab.hog.gil import GilPlan, gil_rows
from crawlproj.lab.hog.models.job import HogJob, Outcome
from crawlproj.lab.system.subprocesses import failure_reason, run_to_end

if TYPE_CHECKING:
    from crawlproj.lab.hog.models.table import HogModel
    from crawlproj.lab.report.terminal import ReportProgress

_TIMEOUT_S = 60.0


class HogFailed(Exception):
    """A model did not run all tasks as it should; the message says what happened."""


@dataclass(frozen=True, slots=True)
class Lateness:
    """How many seconds short tasks were late: turns before the hog started, turns due while it ran.

    hog_wall_s: how long the hog took.
    """

    before_p50_s: float
    before_p99_s: float
    before_max_s: float
    during_p50_s: float
    during_p99_s: float
    during_max_s: float
    hog_wall_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The choice of what to measure. rounds: of all models, by turns."""

    models: list[HogModel]
    job: HogJob
    gil: GilPlan
    rounds: int = 3


def measure(plan: Plan, report_progress: ReportProgress) -> dict[str, Any]:
    """Measure; return the section."""
    described = {model.name: model.describe() for model in plan.models}
    models = [model for model in plan.models if not described[model.name]["unavailable"]]
    measured: defaultdict[str, list[Lateness]] = defaultdict(list)
    failures: dict[str, str] = {}
    for turn in range(plan.rounds):
        for done, model in enumerate(models):
            share = (turn + done / len(models)) / plan.rounds
            report_progress(f"round {turn + 1}: {model.title}", share / 2)
            try:
                outcome = run_model(model, plan.job)
                measured[model.name].append(lateness(plan.job, outcome))
            except HogFailed as exc:
                failures[model.name] = str(exc)
    names = [each.name for each in fields(Lateness)]
    rows = [
        {
            "model": model.name,
            "failure": failures.get(model.name, ""),
            **summarize(names, measured[model.name]),
        }
        for model in models
    ]
    gil = gil_rows(plan.gil, lambda words, share: report_progress(words, 0.5 + share / 2))
    return {
        "settings": {**asdict(plan.job), "rounds": plan.rounds},
        "models": described,
        "rows": rows,
        "gil": gil,
        "claims": [asdict(claim) for claim in claims(rows, gil)],
    }


def run_model(model: HogModel, job: HogJob) -> Outcome:
    """Run a model in a process of its own; raises HogFailed."""
    command = [sys.executable, "-m", "crawlproj.lab.hog.child", model.name, job.to_json()]
    try:
        done = run_to_end(command, _TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise HogFailed(f"it did not finish within {_TIMEOUT_S:.0f} s") from None
    if done.returncode or not done.stdout:
        raise HogFailed(failure_reason(done.stderr, f"it ended with status {done.returncode}"))
    answer = json.loads(done.stdout)
    return Outcome(answer["late"], tuple(answer["hog"]))


def lateness(job: HogJob, outcome: Outcome) -> Lateness:
    """Return how late the short tasks were.

    Raises HogFailed if a short task ran fewer turns than planned, or the hog not among them.
    """
    counts = [len(late) for late in outcome.late]
    if counts != [job.turns] * job.tasks:
        raise HogFailed(f"a short task did not run {job.turns} turns: {sorted(set(counts))}")
    began, ended = outcome.hog
    before, during = [], []
    for task, late in enumerate(outcome.late):
        for turn, seconds in enumerate(late):
            due = job.due(task, turn) - job.start
            if due + seconds < began:
                before.append(seconds)
            elif began <= due < ended:
                during.append(seconds)
    if not before or not during:
        raise HogFailed(
            f"the hog ran from {began:.2f} to {ended:.2f} s, when no short tasks were due"
        )
    return Lateness(
        before_p50_s=percentile(before, 0.5),
        before_p99_s=percentile(before, 0.99),
        before_max_s=max(before),
        during_p50_s=percentile(during, 0.5),
        during_p99_s=percentile(during, 0.99),
        during_max_s=max(during),
        hog_wall_s=ended - began,
    )
