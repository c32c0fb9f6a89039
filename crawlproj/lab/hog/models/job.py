"""The work that a model of ``hog`` is given, the tasks themselves, and the outcome."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

now = time.perf_counter
"""The clock of all figures, in seconds; it is the same in every process of the machine."""

_LEAD_S = 0.3  # for creating all tasks before the first is due
_TURNS_PER_LOOK = 500  # of the busy loop, some microseconds: reading the clock is a system call


@dataclass(frozen=True, slots=True)
class HogJob:
    """Short tasks that are due at fixed times, and a hog: a task that computes without a pause.

    tasks: short tasks. turns: how often each is due. period_s: between two turns of a task.
    hog_after_s: when the hog starts. hog_cpu_s: the CPU time it takes.
    start: the time of the first turn, by ``now``.

    A task is due at its time however late its last turn was. So a delay counts in full, as it does
    for a timer, or for a client that does not wait for an answer before it sends the next request.
    """

    tasks: int
    turns: int
    period_s: float
    hog_after_s: float
    hog_cpu_s: float
    start: float = 0.0

    @classmethod
    def from_json(cls, line: str) -> HogJob:
        """Read a line that ``to_json`` wrote; the job starts shortly after this call."""
        return cls(**{**json.loads(line), "start": now() + _LEAD_S})

    def to_json(self) -> str:
        """Return the job as one line."""
        return json.dumps(asdict(self))

    def due(self, task: int, turn: int) -> float:
        """Return when a task is due, by ``now``; the tasks are spread evenly over the period."""
        return self.start + (turn + task / self.tasks) * self.period_s

    def seconds_until_hog(self) -> float:
        """Return the seconds until the hog starts, or 0 if that time has passed."""
        return seconds_until(self.start + self.hog_after_s)


@dataclass(frozen=True, slots=True)
class Outcome:
    """late: of each task, the seconds that each turn was late. hog: (start, end), in seconds after
    the start of the job.
    """  # fmt: skip

    late: list[list[float]]
    hog: tuple[float, float]


def seconds_until(due: float) -> float:
    """Return the seconds until a time by ``now``, or 0 if it has passed."""
    return max(0.0, due - now())


def short_task(job: HogJob, task: int, sleep: Callable[[float], object]) -> list[float]:
    """Run a short task in blocking code; return how late each turn was, in seconds."""
    late = []
    for turn in range(job.turns):
        due = job.due(task, turn)
        sleep(seconds_until(due))
        late.append(now() - due)
    return late


def hog(job: HogJob) -> tuple[float, float]:
    """Compute in pure Python without ever waiting; return start and end, as Outcome has them."""
    began = now()
    end = time.thread_time() + job.hog_cpu_s
    while time.thread_time() < end:
        for _ in range(_TURNS_PER_LOOK):
            pass
    return began - job.start, now() - job.start
