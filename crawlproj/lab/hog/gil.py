"""CPU work in 1, 2 and 4 threads and processes, in this interpreter and in a free-threaded one.

A row has interpreter (its version), gil, kind ("python" or "hash"), unit ("threads" or
"processes"), and speedup: {workers: how many times the work of one worker they did in its time}, by
the best of the rounds. If no free-threaded interpreter is on PATH, there is a row with an
interpreter of "" and ``unavailable``, the reason.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawlproj.lab.hog import gil_work
from crawlproj.lab.system.subprocesses import run_to_end

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawlproj.lab.report.terminal import ReportProgress

_FREE_THREADED = ("python3.15t", "python3.14t", "python3.13t")
_UNITS = ("threads", "processes")
_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class GilPlan:
    """sizes: {kind: size of each worker's work}, see gil_work. workers: how many at once, 1 first.

    rounds: the best counts.
    """

    sizes: dict[str, int]
    workers: tuple[int, ...] = (1, 2, 4)
    rounds: int = 3


class WrongResult(Exception):
    """Workers did the same work and got different results."""


def gil_rows(plan: GilPlan, report_progress: ReportProgress) -> list[dict[str, Any]]:
    """Measure; return the rows."""
    rows = list(_rows(plan, sys.executable, report_progress))
    free_threaded = next(filter(None, map(shutil.which, _FREE_THREADED)), None)
    if free_threaded is None:
        *others, last = reversed(_FREE_THREADED)
        reason = f"none of {', '.join(others)} and {last} is on PATH"
        return [*rows, {"interpreter": "", "unavailable": reason}]
    return [*rows, *_rows(plan, free_threaded, report_progress)]


def _rows(
    plan: GilPlan, interpreter: str, report_progress: ReportProgress
) -> Iterator[dict[str, Any]]:
    cells = [(kind, unit) for kind in plan.sizes for unit in _UNITS]
    answers: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for turn in range(plan.rounds):
        for done, (kind, unit) in enumerate(cells):
            report_progress(f"GIL: {kind} in {unit}", (turn + done / len(cells)) / plan.rounds)
            answer = _run(interpreter, kind, unit, plan.workers, plan.sizes[kind])
            answers[kind, unit].append(answer)
    for kind, unit in cells:
        found = answers[kind, unit]
        # The minimum of the rounds, because other programs can only slow the work down.
        best_s = {
            workers: min(answer["runs"][number]["wall_s"] for answer in found)
            for number, workers in enumerate(plan.workers)
        }
        yield {
            "interpreter": found[0]["python"],
            "gil": found[0]["gil"],
            "kind": kind,
            "unit": unit,
            "speedup": {workers: workers * best_s[1] / best_s[workers] for workers in plan.workers},
        }


def _run(
    interpreter: str, kind: str, unit: str, workers: Sequence[int], size: int
) -> dict[str, Any]:
    script, counts = Path(gil_work.__file__), ",".join(map(str, workers))
    command = [interpreter, "-I", str(script), kind, unit, counts, str(size)]
    done = run_to_end(command, _TIMEOUT_S)
    done.check_returncode()
    answer: dict[str, Any] = json.loads(done.stdout)
    for run in answer["runs"]:
        if run["results"] != [_result(kind, size)] * run["workers"]:
            raise WrongResult(f"{kind} in {run['workers']} {unit}: {run['results']}")
    return answer


@cache
def _result(kind: str, size: int) -> Any:
    """Return the right result of each worker."""
    return gil_work.WORK[kind](size)
