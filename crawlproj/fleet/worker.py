"""The phases of a worker of a fleet. Pure.

::

    WAITING ──start──▶ STARTING ─────ready────▶ READY
       ▲                  │                       │ signal, roll, memory
       │                  │                       ▼
       └──── exited ◀─────┴────── exited ◀──── DRAINING ──deadline──▶ KILLED
                │
                └─▶ ENDED (finished, stopping or drained) or REFUSED (wrong usage or settings)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """The phase of a worker; the module docstring shows the transitions."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "running"
    DRAINING = "draining"
    KILLED = "killed"
    ENDED = "ended"
    REFUSED = "refused"

    @property
    def live(self) -> bool:
        """Whether the worker has a process."""
        return self in {Phase.STARTING, Phase.READY, Phase.DRAINING, Phase.KILLED}

    @property
    def over(self) -> bool:
        """Whether the worker is not started again."""
        return self in {Phase.ENDED, Phase.REFUSED}


@dataclass(slots=True)
class Worker:
    """A worker and, if it has one, its process.

    due: when to start it (WAITING) or to kill it (DRAINING). since: when its process was started.
    ready: whether that process has begun to work. starts: how many processes it has had.
    failures: exits in a row that nobody asked for.
    reason: why it is being ended: "stop", "rolled", "recycled", "hung"; "" if it is not.
    silent_s: how long it has reported nothing. looked: when it was last looked at.
    """

    phase: Phase = Phase.WAITING
    due: float = 0.0
    since: float = 0.0
    ready: bool = False
    starts: int = 0
    failures: int = 0
    reason: str = ""
    silent_s: float = 0.0
    looked: float = 0.0

    @property
    def restarts(self) -> int:
        """How many processes it has had after the first."""
        return max(0, self.starts - 1)

    def start(self, now: float) -> None:
        """Note that its next process is started."""
        self.phase, self.since = Phase.STARTING, now
        self.starts += 1
        self.ready = False
        self.looked, self.silent_s = now, 0.0
