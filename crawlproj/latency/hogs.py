"""Detects code that blocks the event loop, and limits the warnings about it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Blocked(Generic[K]):
    """``who`` has run for ``seconds`` without a pause, and is still running.

    is_new: whether this is the first report of this run.
    """

    who: K
    seconds: float
    is_new: bool


class HogDetector(Generic[K]):
    """Checks from another thread, again and again, whether the loop's heartbeat still moves.

    A loop is also late when it runs many short callbacks, none of which is at fault. So code counts
    as blocking only if every look since the heartbeat stopped has seen it. ``seconds`` is exact to
    the time between two looks.

    threshold_s: seconds of blocking from which to report.
    beat_every_s: seconds between two heartbeats of a loop that keeps up.
    """

    def __init__(self, threshold_s: float, beat_every_s: float) -> None:
        self._threshold_s = threshold_s
        self._beat_every_s = beat_every_s
        self._looked_at = -inf
        self._cpu_s = 0.0
        self._beat = -inf
        self._who: K | None = None
        self._since = 0.0
        self._reported = False

    def look(
        self, now: float, cpu_s: float, beat: float, running: Callable[[], K | None]
    ) -> Blocked[K] | None:
        """Return the code that has blocked the loop for the threshold or longer, or None.

        cpu_s: CPU seconds that the process has used. beat: time of the latest heartbeat.
        running: returns the code that runs on the loop (compared by identity) or None.
        """
        alive_at, self._looked_at = max(beat, self._looked_at), now
        used_s, self._cpu_s = cpu_s - self._cpu_s, cpu_s
        if now - beat <= self._beat_every_s:
            self._who = None
            return None
        # Code that holds the GIL (a regular expression) stops this thread too, but uses CPU; a
        # suspended process does not.
        if now - alive_at > self._threshold_s and used_s < (now - alive_at) / 10:
            self._who = None
            return None
        who = running()
        if who is not self._who or beat != self._beat:
            self._who, self._beat, self._reported = who, beat, False
            self._since = alive_at
        if who is None or now - self._since < self._threshold_s:
            return None
        is_new, self._reported = not self._reported, True
        return Blocked(who, now - self._since, is_new)


@dataclass(slots=True)
class Offence:
    """How often a function has blocked the loop, and for how many seconds at worst."""

    count: int = 0
    worst_s: float = 0.0
    warned_at: float = -inf


class Offences:
    """Counts by function, and allows one warning per function every ``every_s`` seconds."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self.by_name: dict[str, Offence] = {}

    def note(self, name: str, seconds: float, now: float, *, is_new: bool) -> Offence | None:
        """Count the offence; return the function's total if it is time for a warning, else None."""
        offence = self.by_name.setdefault(name, Offence())
        offence.count += is_new
        offence.worst_s = max(offence.worst_s, seconds)
        if now - offence.warned_at < self._every_s:
            return None
        offence.warned_at = now
        return offence

    def summary(self, max_functions: int = 5) -> str:
        """Return "Spider.parse 3 times (1.2 s at worst), …", worst first."""
        worst = sorted(self.by_name.items(), key=lambda named: -named[1].worst_s)
        parts = [
            f"{name} {times(offence.count)} ({offence.worst_s:.1f} s at worst)"
            for name, offence in worst[:max_functions]
        ]
        if len(worst) > max_functions:
            parts.append(f"{len(worst) - max_functions} more")
        return ", ".join(parts)


def times(count: int) -> str:
    """Return "once" or "3 times"."""
    return "once" if count == 1 else f"{count} times"
