"""Which fast shapes take the slow lane because they keep overrunning. Pure."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_WINDOW = 20  # the last runs of a shape
_OVERRUNS = 3  # of them
_FIRST_S, _MAX_S = 60.0, 3600.0
_MAX_SHAPES = 1000


@dataclass(frozen=True, slots=True)
class Demotion:
    """A shape that takes the slow lane.

    overruns: among its last 20 runs, when it was demoted. until: on the clock of ``Demotions``.
    """

    shape: str
    overruns: int
    until: float


@dataclass(slots=True)
class _Record:
    runs: deque[bool] = field(default_factory=lambda: deque(maxlen=_WINDOW))  # True: overran
    pause_s: float = _FIRST_S
    demotion: Demotion | None = None
    on_trial: bool = False


class Demotions:
    """Demotes a shape for a minute when 3 of its last 20 runs overran.

    Afterwards it is on trial: another overrun demotes it for twice as long, up to an hour; 20 runs
    in time make it as good as new. clock: seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def is_demoted(self, shape: str) -> bool:
        """Return whether ``shape`` takes the slow lane now."""
        record = self._records.get(shape)
        if record is None or record.demotion is None:
            return False
        if record.demotion.until > self._clock():
            return True
        record.demotion = None
        record.on_trial = True
        return False

    def ran(self, shape: str, *, overran: bool) -> None:
        """Note a run of ``shape`` in the fast lane."""
        record = self._records.get(shape)
        if record is None:
            if not overran:
                return  # most shapes never overrun, and need no record
            record = self._records[shape] = _Record()
        self._records.move_to_end(shape)
        record.runs.append(overran)
        overruns = sum(record.runs)
        if overran and (record.on_trial or overruns >= _OVERRUNS):
            if record.on_trial:
                record.pause_s = min(_MAX_S, 2 * record.pause_s)
            record.demotion = Demotion(shape, overruns, self._clock() + record.pause_s)
            record.runs.clear()
        elif not overruns and len(record.runs) == _WINDOW:
            del self._records[shape]
        while len(self._records) > _MAX_SHAPES:
            self._records.popitem(last=False)

    def now(self) -> list[Demotion]:
        """Return the shapes that are demoted now, by name."""
        demoted = [r.demotion for s, r in self._records.items() if self.is_demoted(s)]
        return sorted((each for each in demoted if each), key=lambda each: each.shape)
