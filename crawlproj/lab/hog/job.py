"""What a model of hog is given, what it returns, and the tasks themselves."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

now = time.perf_counter  # one clock for all processes of a machine

_LEAD_S = 0.3  # in which all tasks are made before the first is due
_BETWEEN_LOOKS = 500  # turns of the busy loop, some microseconds


@dataclass(frozen=True, slots=True)
class HogJob:
    """Short tasks that are due again and again, and a hog among them.

    tasks: short ones; times: each is due; period_s: between two times.
    hog_after_s: when the hog begins; hog_cpu_s: the CPU time that it takes, 0 for no hog.
    start: when all begins, of the clock ``now``.

    A task is due at fixed times, however late it was before: so what waits behind the hog counts in
    full, as for a timer or a caller who does not wait for the last answer before asking again.
    """

    tasks: int
    times: int
    period_s: float
    hog_after_s: float
    hog_cpu_s: float
    start: float = 0.0

    @classmethod
    def from_json(cls, line: str) -> HogJob:
        """Read what ``to_json`` wrote, to begin shortly from now."""
        return cls(**{**json.loads(line), "start": now() + _LEAD_S})

    def to_json(self) -> str:
        """Return it as one line."""
        return json.dumps(asdict(self))

    def due(self, task: int, turn: int) -> float:
        """Return when a task is due; tasks are spread evenly over the period."""
        return self.start + (turn + task / self.tasks) * self.period_s

    def until_hog(self) -> float:
        """Return the seconds until the hog is to begin, 0 if that is past."""
        return max(0.0, self.start + self.hog_after_s - now())


@dataclass(frozen=True, slots=True)
class Outcome:
    """late: seconds, of each task by turn. hog: when it began and ended, counted from the start."""

    late: list[list[float]]
    hog: tuple[float, float]


def until(due: float) -> float:
    """Return the seconds until then, 0 if it is past."""
    return max(0.0, due - now())


def short(job: HogJob, task: int, sleep: Callable[[float], object]) -> list[float]:
    """Be a short task, in blocking code: wait, and write down how late it was."""
    late = []
    for turn in range(job.times):
        due = job.due(task, turn)
        sleep(until(due))
        late.append(now() - due)
    return late


def hog(job: HogJob) -> tuple[float, float]:
    """Be the hog: keep busy, in pure Python, without ever waiting; returns when, see Outcome."""
    began = now()
    end = time.thread_time() + job.hog_cpu_s
    while time.thread_time() < end:
        for _ in range(_BETWEEN_LOOKS):
            pass
    return began - job.start, now() - job.start
