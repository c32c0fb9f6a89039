"""Measures the lag of our own event loop, which must not count as a site's latency."""

from __future__ import annotations

import asyncio
from math import exp
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MEMORY_S = 1.0  # a turn that ended this long ago counts by 1/e
_SITE_SHARE = 0.2  # of a latency is the site's, however long the lag


class LoopLag:
    """How late the event loop reads an answer on average: the mean wait of a random arrival.

    An answer that arrives during a turn of ``d`` seconds waits ``d / 2`` on average, and one that
    arrives while the loop is idle does not wait. Over all arrivals, the mean wait is therefore
    Σ d² / 2 divided by the time (the mean residual life of renewal theory; Kleinrock, "Queueing
    Systems" I, §5.2). The mean is what must come off a latency: the maximum would take more off
    most latencies than the loop has added, and make a site look faster while the loop is busy.

    clock: returns seconds, and never goes backwards.
    """

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._waits = 0.0  # Σ d² / 2 in s², fading
        self._time_s = 0.0  # fading likewise
        self._since = clock()
        self._started_at: float | None = None

    @property
    def seconds(self) -> float:
        """The mean wait of the answers read lately."""
        return self._waits / self._time_s if self._time_s else 0.0

    def measure(self) -> None:
        """Measure the current turn. Call this on every request and response: it is cheap."""
        if self._started_at is None:
            self._started_at = self._clock()
            asyncio.get_running_loop().call_soon(self._finish)

    def add(self, turn_s: float) -> None:
        """Take in a turn that ends now."""
        now = self._clock()
        passed_s = now - self._since
        kept = exp(-passed_s / _MEMORY_S)
        self._waits = kept * self._waits + turn_s * turn_s / 2
        self._time_s = kept * self._time_s + passed_s
        self._since = now

    def _finish(self) -> None:
        assert self._started_at is not None  # noqa: S101 - measure() set it
        turn_s = self._clock() - self._started_at
        self._started_at = None
        self.add(turn_s)


def without_lag(rtt_s: float, lag_s: float) -> float:
    """Return the site's part of a latency, at least a fifth of it."""
    return max(rtt_s - lag_s, _SITE_SHARE * rtt_s)
