"""Judges whether one piece of code blocks the event loop, and when to say so. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Blocked(Generic[K]):
    """``who`` has run for ``seconds`` without a pause, and still does.

    is_new: the first time that this is said of this run of it.
    """

    who: K
    seconds: float
    is_new: bool


class HogJudge(Generic[K]):
    """Looks now and then, from another thread, whether the loop's heartbeat still moves.

    A loop is also late when it has many short things to do, each of which is innocent. So it takes
    the same code seen in every look since the heartbeat is missing. It began after the look before,
    which is how exact ``seconds`` is.

    threshold_s: how long is too long.
    beat_every_s: between two beats of a loop that keeps up.
    """

    def __init__(self, threshold_s: float, beat_every_s: float) -> None:
        self._threshold_s = threshold_s
        self._beat_every_s = beat_every_s
        self._looked_at = -inf
        self._cpu_s = 0.0
        self._beat = -inf
        self._who: K | None = None
        self._since = 0.0
        self._told = False

    def look(
        self, now: float, cpu_s: float, beat: float, running: Callable[[], K | None]
    ) -> Blocked[K] | None:
        """Return who blocks the loop, if somebody has for the threshold or longer.

        cpu_s: CPU seconds the process has used. beat: when the heart beat last. running: tells what
        runs on the loop; None: nothing. Compared by identity.
        """
        alive_at, self._looked_at = max(beat, self._looked_at), now
        used_s, self._cpu_s = cpu_s - self._cpu_s, cpu_s
        if now - beat <= self._beat_every_s:
            self._who = None
            return None
        # Code that holds the GIL (a regular expression) stops this thread too, but works; a process
        # that was suspended does not.
        if now - alive_at > self._threshold_s and used_s < (now - alive_at) / 10:
            self._who = None
            return None
        who = running()
        if who is not self._who or beat != self._beat:
            self._who, self._beat, self._told = who, beat, False
            self._since = alive_at
        if who is None or now - self._since < self._threshold_s:
            return None
        is_new, self._told = not self._told, True
        return Blocked(who, now - self._since, is_new)


@dataclass(slots=True)
class Offence:
    """How often, and for how long at worst (seconds), a function has blocked the loop."""

    count: int = 0
    worst_s: float = 0.0
    warned_at: float = -inf


class Offences:
    """Counts by function, and lets each be warned about once in ``every_s`` seconds."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self.by_name: dict[str, Offence] = {}

    def note(self, name: str, seconds: float, now: float, *, is_new: bool) -> Offence | None:
        """Count, and return the function's offence if it is time for a warning."""
        offence = self.by_name.setdefault(name, Offence())
        offence.count += is_new
        offence.worst_s = max(offence.worst_s, seconds)
        if now - offence.warned_at < self._every_s:
            return None
        offence.warned_at = now
        return offence

    def summary(self, most: int = 5) -> str:
        """Return "Spider.parse 3 times (1.2 s at worst), …", the worst first."""
        worst = sorted(self.by_name.items(), key=lambda named: -named[1].worst_s)
        told = [
            f"{name} {times(offence.count)} ({offence.worst_s:.1f} s at worst)"
            for name, offence in worst[:most]
        ]
        if len(worst) > most:
            told.append(f"{len(worst) - most} more")
        return ", ".join(told)


def times(count: int) -> str:
    """Return "once" or "3 times"."""
    return "once" if count == 1 else f"{count} times"
