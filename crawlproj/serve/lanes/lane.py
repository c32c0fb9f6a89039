"""A lane: so many queries at a time as its limit estimator finds, and a short queue."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from crawlproj.limits.base import Outcome, Sample, whole
from crawlproj.serve.database.base import TookTooLong
from crawlproj.serve.lanes.allowance import Allowance

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from crawlproj.limits.base import Limit

T = TypeVar("T")

_MEMORY = 4  # queries: heavy ones are few, and the next flood differs from the last
_MOST = 4.0  # times the patience


class LaneBusy(Exception):
    """The queue is full, or the turn did not come in time; ``retry_after_s``: when to ask again."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s


class OutOfTime(Exception):
    """The query was cancelled, because it ran for as long as its lane allows."""


@dataclass(frozen=True, slots=True)
class LaneState:
    """The state of a lane: queries that run and wait, its limit, and counts since the start.

    longest_s: how long a query ran at most, until it had ended in the database.
    done: ended in time. out_of_time: cancelled at the limit. refused: not admitted. abandoned: the
    client went away, be it before the query began.
    """

    running: int
    waiting: int
    limit: float
    limit_s: float
    longest_s: float
    done: int
    out_of_time: int
    refused: int
    abandoned: int


class Lane:
    """Admits queries: as many at a time as ``limit`` allows, the others in turn.

    limit: learns from each query that ends. queue: how many may wait. patience_s: one that must
    expect to wait longer, judging by how long the others take, is refused at once. Because nobody
    knows that exactly, one that waits is given up after four times as long.
    limit_s: how long a query may run. heavy: whether a query that runs out of time is expected to
    be a heavy one, which says nothing about how many the database can run at a time.
    clock: seconds, monotonic.
    """

    def __init__(
        self,
        limit: Limit,
        *,
        queue: int,
        patience_s: float,
        limit_s: float,
        heavy: bool,
        clock: Callable[[], float],
    ) -> None:
        self.limit_s = limit_s
        self._limit = limit
        self._queue = queue
        self._patience_s = patience_s
        self._heavy = heavy
        self._clock = clock
        self._running = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._mean_s = limit_s / 4 if heavy else 0.0  # until there is one that ended
        self._longest_s = 0.0
        self._done = self._out_of_time = self._refused = self._abandoned = 0

    def state(self) -> LaneState:
        """Return what the lane does now."""
        return LaneState(
            self._running,
            len(self._waiting),
            self._limit.limit,
            self.limit_s,
            self._longest_s,
            self._done,
            self._out_of_time,
            self._refused,
            self._abandoned,
        )

    @contextlib.asynccontextmanager
    async def turn(self, *, ahead: bool = False) -> AsyncIterator[None]:
        """Wait for a turn, and keep it for the length of the block.

        ahead: wait at the front, and however many wait. Raises LaneBusy if it is not admitted.
        """
        try:
            if self._running >= whole(self._limit.limit) or self._waiting:
                await self._wait(ahead=ahead)
            else:
                self._running += 1
            try:
                yield
            finally:
                self._running -= 1
                self._admit()
        except asyncio.CancelledError:
            self._abandoned += 1
            raise

    async def run(
        self, work: Callable[[], Awaitable[T]], lag_s: Callable[[], float] = lambda: 0.0
    ) -> T:
        """Return what ``work`` returns; call this in a turn. It is cancelled after ``limit_s``.

        lag_s: returns how many seconds so far it waited for this process, not for the database;
        they do not count. Raises OutOfTime if it was cancelled.
        """
        started = self._clock()
        allowance: Allowance | None = None
        in_flight = self._running
        start = self._limit.on_start(in_flight, started)
        outcome, abandoned = Outcome.IGNORE, False
        try:
            async with asyncio.timeout(None) as timeout:
                allowance = Allowance(timeout, self.limit_s, lag_s)
                result = await work()
        except (TimeoutError, TookTooLong) as exc:
            if isinstance(exc, TimeoutError) and not timeout.expired():
                raise
            self._out_of_time += 1
            if not self._heavy:
                outcome = Outcome.DROPPED
            raise OutOfTime from None
        except asyncio.CancelledError:
            abandoned = True
            raise
        else:
            outcome = Outcome.SUCCESS
            self._done += 1
            return result
        finally:
            ended = self._clock()
            took_s = ended - started
            if allowance is not None:
                allowance.stop()
                took_s -= allowance.lag_s()
            self._longest_s = max(self._longest_s, took_s)
            if not abandoned:
                self._mean_s += (took_s - self._mean_s) / _MEMORY
            if outcome is Outcome.IGNORE:
                self._limit.on_withdrawn(start, in_flight)
            else:
                took_s = max(1e-6, took_s)
                self._limit.on_sample(
                    Sample(started, ended, took_s, in_flight, outcome, start=start)
                )

    async def _wait(self, *, ahead: bool) -> None:
        """Wait for a turn, which then counts as running."""
        full = len(self._waiting) >= self._queue or self._wait_s() > self._patience_s
        if full and not ahead:
            self._refused += 1
            raise LaneBusy(self._retry_after_s())
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._waiting.appendleft if ahead else self._waiting.append)(turn)
        try:
            async with asyncio.timeout(_MOST * self._patience_s):
                await turn
        except BaseException as exc:
            if turn.done() and not turn.cancelled():  # admitted in this very moment
                self._running -= 1
                self._admit()
            else:
                with contextlib.suppress(ValueError):
                    self._waiting.remove(turn)
            if isinstance(exc, TimeoutError):
                self._refused += 1
                raise LaneBusy(self._retry_after_s()) from None
            raise

    def _admit(self) -> None:
        while self._waiting and self._running < whole(self._limit.limit):
            turn = self._waiting.popleft()
            if not turn.done():
                self._running += 1
                turn.set_result(None)

    def _retry_after_s(self) -> float:
        return max(1.0, self._wait_s())

    def _wait_s(self) -> float:
        """Return how long one that comes now must expect to wait."""
        return self._mean_s * (len(self._waiting) + 1) / whole(self._limit.limit)
