"""Measures the lag of our own event loop, which must not count as a site's latency."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_DECAY = 0.03  # share of the distance to a shorter measurement by which the lag falls


class LoopLag:
    """How long a callback waits for its turn: the maximum of recent turns of the event loop.

    A response that arrives while the loop is busy is read about one turn late, and a request
    written during a busy turn is sent as late.

    clock: returns seconds, and never goes backwards.
    """

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._max_s = 0.0
        self._started_at: float | None = None

    @property
    def seconds(self) -> float:
        """The lag, including the current turn."""
        if self._started_at is None:
            return self._max_s
        return max(self._max_s, self._clock() - self._started_at)

    def measure(self) -> None:
        """Measure the current turn. Call this on every request and response: it is cheap."""
        if self._started_at is None:
            self._started_at = self._clock()
            asyncio.get_running_loop().call_soon(self._finish)

    def _finish(self) -> None:
        assert self._started_at is not None  # noqa: S101 - measure() set it
        lag_s = self._clock() - self._started_at
        self._started_at = None
        self._max_s = max(lag_s, self._max_s + _DECAY * (lag_s - self._max_s))
