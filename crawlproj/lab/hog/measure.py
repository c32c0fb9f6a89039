"""``scrapy lab hog``: runs the models, each in a fresh process, and checks what they did.

The section it makes of the lab's document (see document.py)::

    settings   tasks, times, period_s, hog_after_s, hog_cpu_s, rounds
    models     {name: title, switches, unavailable (why; "" if it ran)}
    rows       model, broke (why; "" if it got through), and as {median, low, high} over the rounds:
               before_p50_s, before_p99_s, before_max_s (lateness of the short tasks before the hog
               began), during_p50_s, during_p99_s, during_max_s (of the times due while it ran),
               hog_wall_s
    gil        rows of gil.py
    claims     rows of lab/claims.py
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from crawlproj.lab.figures import Figure, percentile
from crawlproj.lab.hog.claims import claims
from crawlproj.lab.hog.gil import GilPlan, gil_rows
from crawlproj.lab.hog.job import HogJob, Outcome
from crawlproj.lab.system.subprocesses import finished

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawlproj.lab.hog.models.table import Model

_TIMEOUT_S = 60.0


class HogBroke(Exception):
    """A model did not get through: the message says what happened."""


@dataclass(frozen=True, slots=True)
class Lateness:
    """Seconds that short tasks were late, before the hog began and while it ran."""

    before_p50_s: float
    before_p99_s: float
    before_max_s: float
    during_p50_s: float
    during_p99_s: float
    during_max_s: float
    hog_wall_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure. rounds: of all models, in turns."""

    models: list[Model]
    job: HogJob
    gil: GilPlan
    rounds: int = 3


def measured(plan: Plan, say: Callable[[str, float], None]) -> dict[str, Any]:
    """Measure, and return the section. say: told what is done next, and how much of all that is."""
    unavailable = {model.name: model.missing() for model in plan.models}
    models = [model for model in plan.models if not unavailable[model.name]]
    found: defaultdict[str, list[Lateness]] = defaultdict(list)
    broke: dict[str, str] = {}
    for turn in range(plan.rounds):
        for place, model in enumerate(models):
            say(f"round {turn + 1}: {model.title}", (turn + place / len(models)) / plan.rounds / 2)
            try:
                outcome = outcome_of(model, plan.job)
                found[model.name].append(lateness(plan.job, outcome))
            except HogBroke as exc:
                broke[model.name] = str(exc)
    rows = [
        {"model": model.name, "broke": broke.get(model.name, ""), **_figures(found[model.name])}
        for model in models
    ]
    gil = gil_rows(plan.gil, lambda words, share: say(words, 0.5 + share / 2))
    return {
        "settings": {**asdict(plan.job), "rounds": plan.rounds},
        "models": {
            model.name: {
                "title": model.title,
                "switches": model.switches,
                "unavailable": unavailable[model.name],
            }
            for model in plan.models
        },
        "rows": rows,
        "gil": gil,
        "claims": [asdict(claim) for claim in claims(rows, gil)],
    }


def outcome_of(model: Model, job: HogJob) -> Outcome:
    """Run a model in a process of its own; raises HogBroke."""
    command = [sys.executable, "-m", "crawlproj.lab.hog.child", model.name, job.to_json()]
    try:
        done = finished(command, _TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise HogBroke(f"it was not through after {_TIMEOUT_S:.0f} s") from None
    if done.returncode or not done.stdout:
        said = done.stderr.strip().splitlines()
        raise HogBroke(said[-1] if said else f"it ended with status {done.returncode}")
    answer = json.loads(done.stdout)
    return Outcome(answer["late"], tuple(answer["hog"]))


def lateness(job: HogJob, outcome: Outcome) -> Lateness:
    """Return how late the short tasks were.

    Raises HogBroke unless every one ran its number of times, and the hog while they did.
    """
    turns = [len(late) for late in outcome.late]
    if turns != [job.times] * job.tasks:
        raise HogBroke(f"not every short task ran {job.times} times: {sorted(set(turns))}")
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
        raise HogBroke(f"the hog ran from {began:.2f} to {ended:.2f} s, not among the short tasks")
    return Lateness(
        before_p50_s=percentile(before, 0.5),
        before_p99_s=percentile(before, 0.99),
        before_max_s=max(before),
        during_p50_s=percentile(during, 0.5),
        during_p99_s=percentile(during, 0.99),
        during_max_s=max(during),
        hog_wall_s=ended - began,
    )


def _figures(found: list[Lateness]) -> dict[str, Any]:
    names = [each.name for each in fields(Lateness)]
    figures = {name: Figure.of(getattr(each, name) for each in found) for name in names}
    return {name: asdict(figure) if figure else None for name, figure in figures.items()}
