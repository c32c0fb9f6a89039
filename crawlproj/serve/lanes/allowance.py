"""How long a query may keep the database busy, whatever holds up this process meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_SHORTEST_S = 0.005  # between two looks
_LATE_S, _GRACE_S = 0.01, 0.05  # so late, the answer may be here and not be taken yet
_MOST = 4.0  # times the limit: for a query that waits for this process alone


class Allowance:
    """Ends the block of an ``asyncio.timeout`` once its query has used ``limit_s`` seconds.

    Where the machine is busy, this process stands still at times, and whatever is in flight then
    looks slow, all of it at once. Such time does not count: not what ``lag_s`` says so far, nor by
    how much the event loop is late for this object's own timer. limit_s: seconds.
    """

    def __init__(
        self, timeout: asyncio.Timeout, limit_s: float, lag_s: Callable[[], float]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._timeout = timeout
        self._limit_s = limit_s
        self._lag_s = lag_s
        self._late_s = 0.0
        self._began = self._loop.time()
        self._due = self._began + limit_s
        self._timer = self._loop.call_at(self._due, self._look)

    def lag_s(self) -> float:
        """Return how many seconds so far are this process's own."""
        return max(self._late_s, self._lag_s())  # both see the same stall

    def stop(self) -> None:
        """End nothing any more."""
        self._timer.cancel()

    def _look(self) -> None:
        now = self._loop.time()
        late_s = max(0.0, now - self._due)
        self._late_s += late_s
        elapsed_s = now - self._began
        left_s = self._limit_s - (elapsed_s - self.lag_s())
        if late_s > _LATE_S:
            left_s = max(left_s, _GRACE_S)
        if left_s <= 0 or elapsed_s - self._late_s >= _MOST * self._limit_s:
            self._timeout.reschedule(now)
        else:
            self._due = now + max(_SHORTEST_S, left_s)
            self._timer = self._loop.call_at(self._due, self._look)
