"""Decides what becomes of a fleet's workers. Pure: what happened and the time in, actions out.

::

    WAITING ──start──▶ STARTING ──on the job──▶ READY
       ▲                  │                       │ signal, roll, memory
       │                  │                       ▼
       └──── exited ◀─────┴────── exited ◀──── DRAINING ──deadline──▶ KILLED
                │
                └─▶ ENDED (nothing left to do, or stopping) or REFUSED (it cannot be started so)
"""

from __future__ import annotations

import random
import signal
from collections import Counter, deque
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
STABLE_S = 60.0  # a worker that ran so long has no history
TRIES = 3  # failed starts, while no worker has ever been on the job
START_S = 300.0  # that a start may take, beyond the silence that is allowed later
LINGER_S = 30.0  # that a worker may take to notice that the job is finished
_LOOK_S = 2.0  # what one look at a worker can add to its silence, as we may have been stopped too
USAGE = 2  # exit status of a command that was used wrongly


class Phase(StrEnum):
    """Where a worker stands; see the module docstring."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "running"
    DRAINING = "draining"
    KILLED = "killed"
    ENDED = "ended"
    REFUSED = "refused"

    @property
    def live(self) -> bool:
        """Whether there is a process."""
        return self in {Phase.STARTING, Phase.READY, Phase.DRAINING, Phase.KILLED}

    @property
    def over(self) -> bool:
        """Whether there will be none any more."""
        return self in {Phase.ENDED, Phase.REFUSED}


@dataclass(frozen=True, slots=True)
class Start:
    """Start a worker's process."""

    worker: int


@dataclass(frozen=True, slots=True)
class Send:
    """Send a worker's process a signal."""

    worker: int
    how: signal.Signals


Action = Start | Send


@dataclass(frozen=True, slots=True)
class WorkerExit:
    """What an exit means.

    crashed: it was not asked to end, and did not end in order.
    blamed: whatever page it was working on may have killed it.
    restart_s: seconds until it is started again; None: it is not.
    """

    crashed: bool
    blamed: bool
    restart_s: float | None


@dataclass(frozen=True, slots=True)
class Limits:
    """What the supervisor is told by its settings.

    grace_s: from SIGTERM to SIGKILL. memory_mb: at which a worker is started anew; 0: none.
    hang_s: after so long without a sign of life a worker is killed (START_S later, while it
        starts); 0: never.
    """

    grace_s: float = 10.0
    memory_mb: float = 0.0
    hang_s: float = 0.0


@dataclass(slots=True)
class Worker:
    """A place in the fleet, and the process in it, if there is one.

    due: when it is started (WAITING) or killed (DRAINING). since: when its process was started.
    ready: it was on the job. starts: of processes. failures: in a row. why: it is to end: "stop",
    "rolled", "recycled", "hung". silent_s: without a sign of life, by the looks at it, of which
    ``looked`` was the last.
    """

    phase: Phase = Phase.WAITING
    due: float = 0.0
    since: float = 0.0
    ready: bool = False
    starts: int = 0
    failures: int = 0
    why: str = ""
    silent_s: float = 0.0
    looked: float = 0.0

    @property
    def restarts(self) -> int:
        """See above."""
        return max(0, self.starts - 1)


class Fleet:
    """The workers 0 … n-1. Times are seconds of any clock that does not go back.

    jitter: numbers in [0, 1).
    counts: "crashed", "hung", "rolled", "recycled": how often.
    gave_up: no worker can be started.
    """

    def __init__(self, n: int, limits: Limits, jitter: Callable[[], float] = random.random) -> None:
        self.counts: Counter[str] = Counter()
        self.finished = self.stopping = self.gave_up = False
        self._workers = [Worker() for _ in range(n)]
        self._limits = limits
        self._jitter = jitter
        self._ever_ready = False
        self._finished_at = 0.0
        self._to_roll: deque[int] = deque()
        self._rolled: Worker | None = None  # the last one, until it is on the job again

    @property
    def workers(self) -> Sequence[Worker]:
        """By number; not to be changed."""
        return self._workers

    @property
    def done(self) -> bool:
        """Whether there is nothing left to supervise."""
        return all(worker.phase.over for worker in self._workers)

    @property
    def exit_status(self) -> int:
        """0: the job is done or was stopped; 1: it could not be worked on."""
        refused = all(worker.phase is Phase.REFUSED for worker in self._workers)
        return 1 if self.gave_up or refused else 0

    def tick(self, now: float, *, finished: bool = False) -> list[Action]:
        """Do what is due; to be called several times a second.

        finished: nothing of the job is left to do; others may still put something.
        """
        if finished and not self.finished:
            self._finished_at = now
        if self.finished and not finished and not self.stopping:
            self._revive(now)
        self.finished = finished
        if finished:
            self._end_waiting()
        lingering = self.finished and now >= self._finished_at + LINGER_S
        if (self.gave_up or lingering) and not self.stopping:
            return self.stop(now)
        actions: list[Action] = [] if self.stopping or self.finished else self._roll_next(now)
        for number, worker in enumerate(self._workers):
            if worker.phase is Phase.WAITING and worker.due <= now:
                self._start(worker, now)
                actions.append(Start(number))
            elif worker.phase is Phase.DRAINING and worker.due <= now:
                worker.phase = Phase.KILLED
                actions.append(Send(number, signal.SIGKILL))
        return actions

    def ready(self, number: int, now: float) -> None:
        """Note that a worker is on the job."""
        worker = self._workers[number]
        if worker.phase is Phase.STARTING:
            worker.phase, worker.ready = Phase.READY, True
            worker.looked, worker.silent_s = now, 0.0
            self._ever_ready = True

    def look(self, number: int, now: float, *, alive: bool, memory_mb: float) -> list[Action]:
        """Take a worker's state: whether it gave a sign of life since the last look."""
        worker = self._workers[number]
        if worker.phase not in {Phase.STARTING, Phase.READY}:
            return []
        worker.silent_s = 0.0 if alive else worker.silent_s + min(now - worker.looked, _LOOK_S)
        worker.looked = now
        hang_s = self._limits.hang_s
        if hang_s and worker.silent_s >= hang_s + (0.0 if worker.ready else START_S):
            worker.phase, worker.why = Phase.KILLED, "hung"
            self.counts["hung"] += 1
            return [Send(number, signal.SIGKILL)]
        if (
            worker.ready
            and 0 < self._limits.memory_mb < memory_mb
            and now >= worker.since + STABLE_S  # else one that needs as much would only restart
            and not any(other.phase is Phase.DRAINING for other in self._workers)
        ):
            return self._drain(number, now, "recycled")
        return []

    def exited(self, number: int, now: float, status: int) -> WorkerExit:
        """Take the end of a worker's process.

        status: its exit status; below 0: the number of the signal that killed it, negative.
        """
        worker = self._workers[number]
        was, worker.phase = worker.phase, Phase.WAITING
        asked = was in {Phase.DRAINING, Phase.KILLED} and worker.why != "hung"
        crashed = not asked and status != 0
        blamed = was is not Phase.KILLED or worker.why == "hung"
        if crashed and worker.why != "hung":
            self.counts["crashed"] += 1
        if self.stopping or self.finished:
            worker.phase = Phase.ENDED
        elif asked:
            worker.due = now
        elif status == USAGE and was is Phase.STARTING:
            worker.phase = Phase.REFUSED
            self._to_roll.clear()  # what one cannot do, the others cannot
            self.gave_up |= not self._ever_ready
        else:
            if worker.ready and now >= worker.since + STABLE_S:
                worker.failures = 0
            worker.failures += 1
            worker.due = now + self._wait_s(worker.failures)
            self.gave_up |= crashed and worker.failures >= TRIES and not self._ever_ready
        worker.why = ""
        waits = worker.phase is Phase.WAITING and not self.gave_up
        return WorkerExit(crashed, blamed, worker.due - now if waits else None)

    def stop(self, now: float) -> list[Action]:
        """Drain the workers; the second time, kill them."""
        actions: list[Action] = []
        hurry, self.stopping = self.stopping, True
        self._end_waiting()
        for number, worker in enumerate(self._workers):
            if hurry and worker.phase.live and worker.phase is not Phase.KILLED:
                worker.phase = Phase.KILLED
                actions.append(Send(number, signal.SIGKILL))
            elif worker.phase in {Phase.STARTING, Phase.READY}:
                actions += self._drain(number, now, "stop")
        return actions

    def roll(self, now: float) -> list[Action]:
        """Drain and start the workers anew, one after another; also those that were refused."""
        if self.stopping or self.finished:
            return []
        self._to_roll = deque(range(len(self._workers)))
        self._rolled = None
        return self._roll_next(now)

    def _roll_next(self, now: float) -> list[Action]:
        if self._rolled is not None and self._rolled.phase is not Phase.READY:
            return []
        self._rolled = None
        if not self._to_roll or any(worker.phase is Phase.DRAINING for worker in self._workers):
            return []
        number = self._to_roll.popleft()
        worker = self._rolled = self._workers[number]
        if worker.phase in {Phase.STARTING, Phase.READY}:
            return self._drain(number, now, "rolled")
        if not worker.phase.live:
            worker.phase, worker.due = Phase.WAITING, now
        return []

    def _drain(self, number: int, now: float, why: str) -> list[Action]:
        worker = self._workers[number]
        worker.phase, worker.why = Phase.DRAINING, why
        worker.due = now + self._limits.grace_s
        if why != "stop":
            self.counts[why] += 1
        return [Send(number, signal.SIGTERM)]

    def _start(self, worker: Worker, now: float) -> None:
        worker.phase, worker.since = Phase.STARTING, now
        worker.starts += 1
        worker.ready = False
        worker.looked, worker.silent_s = now, 0.0

    def _end_waiting(self) -> None:
        for worker in self._workers:
            if worker.phase is Phase.WAITING:
                worker.phase = Phase.ENDED

    def _revive(self, now: float) -> None:
        """Start again those that ended as there was nothing left to do."""
        for worker in self._workers:
            if worker.phase is Phase.ENDED:
                worker.phase, worker.due = Phase.WAITING, now

    def _wait_s(self, failures: int) -> float:
        longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (failures - 1))
        return longest * (0.5 + self._jitter() / 2)
