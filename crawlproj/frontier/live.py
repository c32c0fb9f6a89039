"""The news that workers publish about themselves, once a second. Pure.

The frontier stores texts; report/live.py gives them their meaning.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["TICKS_KEPT", "Tick", "WorkerNews"]

TICKS_KEPT = 600
"""How many ticks of a worker are kept: ten minutes of one a second."""


@dataclass(frozen=True, slots=True)
class WorkerNews:
    """A worker's latest document (JSON), and when it was published (unix seconds)."""

    worker: str
    at: float
    document: str


@dataclass(frozen=True, slots=True)
class Tick:
    """One second of a worker, as it published it (JSON), and when (unix seconds)."""

    at: float
    data: str
