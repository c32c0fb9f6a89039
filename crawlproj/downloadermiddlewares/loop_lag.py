"""How late our own event loop is: what must not be blamed on a site."""

from __future__ import annotations

import asyncio
from time import perf_counter

_SHARE = 0.3  # of the newest measurement in the average


class LoopLag:
    """Seconds that a callback waits for its turn, averaged over the last turns of the loop.

    An answer that came while the loop was busy is read later by about one turn, and a request
    written in a busy turn leaves later by as much.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._asked = False

    def ask(self) -> None:
        """Measure the present turn; cheap: it is done once a turn."""
        if self._asked:
            return
        self._asked = True
        asyncio.get_running_loop().call_soon(self._answer, perf_counter())

    def _answer(self, asked_at: float) -> None:
        self._asked = False
        self.seconds += _SHARE * (perf_counter() - asked_at - self.seconds)
