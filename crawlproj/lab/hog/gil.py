"""CPU work in 1, 2, 4 threads and processes, in this interpreter and in a free-threaded one.

A row has: interpreter ("" for one that is not on PATH, with ``unavailable``), gil, kind ("python"
or "hash"), unit ("threads" or "processes"), speedup: {workers: how many times the work of one was
done in the time that one took}, by the best of the rounds.
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
from crawlproj.lab.system.subprocesses import finished

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

FREE_THREADED = ("python3.15t", "python3.14t", "python3.13t")
UNITS = ("threads", "processes")
_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class GilPlan:
    """workers: how many at once, 1 first. sizes: of the work of each, by kind; see gil_work."""

    sizes: dict[str, int]
    workers: tuple[int, ...] = (1, 2, 4)
    rounds: int = 3


class WrongResult(Exception):
    """Workers did the same work and came to different results."""


def gil_rows(plan: GilPlan, say: Callable[[str, float], None]) -> list[dict[str, Any]]:
    """Measure; returns the rows."""
    rows = list(_rows(plan, sys.executable, say))
    free = next(filter(None, map(shutil.which, FREE_THREADED)), None)
    if free is None:
        names = " nor ".join(reversed(FREE_THREADED))
        return [*rows, {"interpreter": "", "unavailable": f"neither {names} is on PATH"}]
    return [*rows, *_rows(plan, free, say)]


def _rows(
    plan: GilPlan, interpreter: str, say: Callable[[str, float], None]
) -> Iterator[dict[str, Any]]:
    cells = [(kind, unit) for kind in plan.sizes for unit in UNITS]
    answers: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for turn in range(plan.rounds):
        for place, (kind, unit) in enumerate(cells):
            say(f"{kind} in {unit}", (turn + place / len(cells)) / plan.rounds)
            answer = _run(interpreter, kind, unit, plan.workers, plan.sizes[kind])
            answers[kind, unit].append(answer)
    for kind, unit in cells:
        found = answers[kind, unit]
        # The least of the rounds: others at work can only make it more.
        least = {
            workers: min(answer["runs"][place]["wall_s"] for answer in found)
            for place, workers in enumerate(plan.workers)
        }
        yield {
            "interpreter": found[0]["python"],
            "gil": found[0]["gil"],
            "kind": kind,
            "unit": unit,
            "speedup": {workers: workers * least[1] / least[workers] for workers in plan.workers},
        }


def _run(
    interpreter: str, kind: str, unit: str, workers: Sequence[int], size: int
) -> dict[str, Any]:
    script, counts = Path(gil_work.__file__), ",".join(map(str, workers))
    command = [interpreter, "-I", str(script), kind, unit, counts, str(size)]
    done = finished(command, _TIMEOUT_S)
    done.check_returncode()
    answer: dict[str, Any] = json.loads(done.stdout)
    for run in answer["runs"]:
        if run["results"] != [_result(kind, size)] * run["workers"]:
            raise WrongResult(f"{kind} in {run['workers']} {unit}: {run['results']}")
    return answer


@cache
def _result(kind: str, size: int) -> Any:
    """What each worker must come to."""
    return gil_work.WORK[kind](size)
