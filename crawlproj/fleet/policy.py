"""Decides when a fleet's workers start and end.

Pure: takes events and the time, returns actions.
"""

from __future__ import annotations

import random
import signal
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawlproj.fleet.worker import Phase, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MIN_WAIT_S, MAX_WAIT_S = 1.0, 60.0
STABLE_S = 60.0  # a worker that ran this long starts over with the shortest wait
MAX_FAILED_STARTS = 3  # in a row, of one worker, as long as no worker has ever been ready
START_TIMEOUT_S = 300.0  # for a start, on top of the silence allowed to a ready worker
FINISH_TIMEOUT_S = 30.0  # for a worker to notice that the job is finished
# The most silence that one look adds: the supervisor may have been suspended since the last one.
_MAX_LOOK_S = 2.0
USAGE_ERROR = 2  # exit status after wrong usage or a wrong setting


@dataclass(frozen=True, slots=True)
class Start:
    """Start a worker's process."""

    worker: int


@dataclass(frozen=True, slots=True)
class Send:
    """Send a worker's process a signal."""

    worker: int
    signum: signal.Signals


Action = Start | Send


@dataclass(frozen=True, slots=True)
class WorkerExit:
    """The consequences of a worker's exit.

    crashed: it failed, and had not been asked to end.
    blamed: the page it was processing may have killed it.
    restart_s: seconds until it is started again; None if it is not.
    """

    crashed: bool
    blamed: bool
    restart_s: float | None


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that a worker must keep.

    grace_s: seconds from SIGTERM to SIGKILL.
    memory_mb: a worker that uses more is restarted; 0 for no limit.
    hang_s: a worker that reports nothing for this long is killed (START_TIMEOUT_S later while it
        starts); 0 for no limit.
    """

    grace_s: float = 10.0
    memory_mb: float = 0.0
    hang_s: float = 0.0


class Fleet:
    """Workers 0 to n-1. Times are seconds on any clock that never goes back.

    jitter: returns numbers in [0, 1).
    counts: how often workers "crashed", "hung", were "rolled" or "recycled".
    gave_up: whether the fleet stopped because no worker could be started.
    drained: whether the last worker that ended had been drained.
    """

    def __init__(self, n: int, limits: Limits, jitter: Callable[[], float] = random.random) -> None:
        self.counts: Counter[str] = Counter()
        self.finished = self.stopping = self.gave_up = self.drained = False
        self._workers = [Worker() for _ in range(n)]
        self._limits = limits
        self._jitter = jitter
        self._ever_ready = False
        self._finished_at = 0.0
        self._to_roll: deque[int] = deque()
        self._rolled: Worker | None = None  # the last one, until it is ready again

    @property
    def workers(self) -> Sequence[Worker]:
        """The workers by number, for reading only."""
        return self._workers

    @property
    def done(self) -> bool:
        """Whether every worker is over."""
        return all(worker.phase.over for worker in self._workers)

    @property
    def rolling(self) -> bool:
        """Whether a roll is under way, or has stopped at a worker that does not start."""
        return bool(self._to_roll) or self._rolled is not None

    @property
    def exit_status(self) -> int:
        """0 if the job is finished or was stopped, 1 if no worker could work on it."""
        refused = all(worker.phase is Phase.REFUSED for worker in self._workers)
        return 1 if self.gave_up or refused else 0

    def tick(self, now: float, *, finished: bool = False) -> list[Action]:
        """Return the actions that are due; call this several times a second.

        finished: whether the job has no work left. Another process may still add some.
        """
        if finished and not self.finished:
            self._finished_at = now
        if self.finished and not finished and not self.stopping:
            self._restart_ended(now)
        self.finished = finished
        if finished:
            self._cancel_starts()
        lingering = self.finished and now >= self._finished_at + FINISH_TIMEOUT_S
        if (self.gave_up or lingering) and not self.stopping:
            return self.stop(now)
        actions: list[Action] = [] if self.stopping or self.finished else self._roll_next(now)
        for number, worker in enumerate(self._workers):
            if worker.phase is Phase.WAITING and worker.due <= now:
                worker.start(now)
                actions.append(Start(number))
            elif worker.phase is Phase.DRAINING and worker.due <= now:
                worker.phase = Phase.KILLED
                actions.append(Send(number, signal.SIGKILL))
        return actions

    def ready(self, number: int, now: float) -> None:
        """Take the news that a worker has begun to work."""
        worker = self._workers[number]
        if worker.phase is Phase.STARTING:
            worker.phase, worker.ready = Phase.READY, True
            worker.looked, worker.silent_s = now, 0.0
            self._ever_ready = True

    def look(self, number: int, now: float, *, alive: bool, memory_mb: float) -> list[Action]:
        """Take a worker's state and return what to do about it.

        alive: whether it has reported anything since the last look.
        """
        worker = self._workers[number]
        if worker.phase not in {Phase.STARTING, Phase.READY}:
            return []
        worker.silent_s = 0.0 if alive else worker.silent_s + min(now - worker.looked, _MAX_LOOK_S)
        worker.looked = now
        hang_s = self._limits.hang_s
        if hang_s and worker.silent_s >= hang_s + (0.0 if worker.ready else START_TIMEOUT_S):
            worker.phase, worker.reason = Phase.KILLED, "hung"
            self.counts["hung"] += 1
            return [Send(number, signal.SIGKILL)]
        if (
            worker.ready
            and 0 < self._limits.memory_mb < memory_mb
            and now >= worker.since + STABLE_S  # at most one such restart a minute
            and not any(other.phase is Phase.DRAINING for other in self._workers)
        ):
            return self._drain(number, now, "recycled")
        return []

    def exited(self, number: int, now: float, status: int, *, drained: bool = False) -> WorkerExit:
        """Take the end of a worker's process.

        status: its exit status, or minus the number of the signal that killed it. drained: whether
        it said that a user had drained it: then it is not started again.
        """
        worker = self._workers[number]
        was, worker.phase = worker.phase, Phase.WAITING
        asked = was in {Phase.DRAINING, Phase.KILLED} and worker.reason != "hung"
        self.drained = drained
        crashed = not asked and not drained and status != 0
        blamed = was is not Phase.KILLED or worker.reason == "hung"
        if crashed and worker.reason != "hung":
            self.counts["crashed"] += 1
        if self.stopping or self.finished or drained:
            worker.phase = Phase.ENDED
        elif asked:
            worker.due = now
        elif status == USAGE_ERROR and was is Phase.STARTING:
            worker.phase = Phase.REFUSED
            self._to_roll.clear()  # the others would fail the same way
            self.gave_up |= not self._ever_ready
        else:
            if worker.ready and now >= worker.since + STABLE_S:
                worker.failures = 0
            worker.failures += 1
            worker.due = now + self._wait_s(worker.failures)
            self.gave_up |= (
                crashed and worker.failures >= MAX_FAILED_STARTS and not self._ever_ready
            )
        worker.reason = ""
        waits = worker.phase is Phase.WAITING and not self.gave_up
        return WorkerExit(crashed, blamed, worker.due - now if waits else None)

    def stop(self, now: float) -> list[Action]:
        """Drain the workers; kill them if called a second time."""
        actions: list[Action] = []
        hurry, self.stopping = self.stopping, True
        self._cancel_starts()
        for number, worker in enumerate(self._workers):
            if hurry and worker.phase.live and worker.phase is not Phase.KILLED:
                worker.phase = Phase.KILLED
                actions.append(Send(number, signal.SIGKILL))
            elif worker.phase in {Phase.STARTING, Phase.READY}:
                actions += self._drain(number, now, "stop")
        return actions

    def roll(self, now: float) -> list[Action]:
        """Restart the workers one after another, those that were refused included."""
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

    def _drain(self, number: int, now: float, reason: str) -> list[Action]:
        worker = self._workers[number]
        worker.phase, worker.reason = Phase.DRAINING, reason
        worker.due = now + self._limits.grace_s
        if reason != "stop":
            self.counts[reason] += 1
        return [Send(number, signal.SIGTERM)]

    def _cancel_starts(self) -> None:
        for worker in self._workers:
            if worker.phase is Phase.WAITING:
                worker.phase = Phase.ENDED

    def _restart_ended(self, now: float) -> None:
        """Restart the workers that ended because the job was finished."""
        for worker in self._workers:
            if worker.phase is Phase.ENDED:
                worker.phase, worker.due = Phase.WAITING, now

    def _wait_s(self, failures: int) -> float:
        wait_s = min(MAX_WAIT_S, MIN_WAIT_S * 2.0 ** (failures - 1))
        return wait_s * (0.5 + self._jitter() / 2)
