"""How late our own event loop is: what must not be blamed on a site."""

from __future__ import annotations

import asyncio
from time import perf_counter

_SHARE = 0.03  # by which it comes down towards the newest measurement


class LoopLag:
    """Seconds that a callback waits for its turn: the longest of the last turns of the loop.

    An answer that came while the loop was busy is read later by about one turn, and a request
    written in a busy turn leaves later by as much.
    """

    def __init__(self) -> None:
        self._longest_s = 0.0
        self._asked_at: float | None = None

    @property
    def seconds(self) -> float:
        """The lag, the turn under way included."""
        if self._asked_at is None:
            return self._longest_s
        return max(self._longest_s, perf_counter() - self._asked_at)

    def ask(self) -> None:
        """Measure the present turn; to be called when there is traffic, cheap: once a turn."""
        if self._asked_at is None:
            self._asked_at = perf_counter()
            asyncio.get_running_loop().call_soon(self._answer)

    def _answer(self) -> None:
        assert self._asked_at is not None  # noqa: S101 - ask() set it
        waited_s = perf_counter() - self._asked_at
        self._asked_at = None
        self._longest_s = max(waited_s, self._longest_s + _SHARE * (waited_s - self._longest_s))
