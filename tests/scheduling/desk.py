"""A buffered frontier at work in virtual time: what its tests share."""

from __future__ import annotations

import asyncio
import functools
from contextlib import asynccontextmanager
from math import inf
from typing import TYPE_CHECKING

from crawlproj.errors import FrontierError
from crawlproj.frontier.base import Ack, Entry, Frontier, State, Written
from crawlproj.frontier.memory import MemoryFrontier
from crawlproj.limits.base import Bounds
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.fixed import Fixed
from crawlproj.limits.permits import Permits
from crawlproj.limits.rate import RateLimit
from crawlproj.limits.site import SiteControl
from crawlproj.scheduling.buffer_config import BufferConfig
from crawlproj.scheduling.buffered import BufferedFrontier
from tests.frontier.virtual import now, run_virtually
from tests.limits.models import dice

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from crawlproj.scheduling.handover import OnGained
    from crawlproj.scheduling.lease_buffer import Handout

OK = Ending(Verdict.OK, 0.1)


def in_virtual_time(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    @functools.wraps(test)
    def runs() -> None:
        async def body() -> None:
            await test()

        run_virtually(body())

    # Else pytest asks what the async function wanted.
    del runs.__wrapped__
    return runs


class Watched(MemoryFrontier):
    """The reference frontier, which notes its calls and fails when it should."""

    def __init__(self) -> None:
        super().__init__(now)
        self.writes: list[tuple[list[int], list[int]]] = []
        self.broken = False

    async def write(self, entries: Sequence[Entry], acks: Sequence[Ack]) -> Written:
        if self.broken:
            raise FrontierError("the disk is full")
        self.writes.append(([e.key for e in entries], [ack.lease_id for ack in acks]))
        return await super().write(entries, acks)


def control(maximum: int, rate: float = inf) -> SiteControl:
    limit = Fixed(Bounds(maximum, maximum, maximum))
    return SiteControl(limit, RateLimit(dice(1), rate), None)


class Desk:
    """A buffered frontier, and what it said."""

    def __init__(
        self, frontier: Frontier, rates: Mapping[str, float], limit: int, config: BufferConfig
    ) -> None:
        self.changes = 0
        self.forgotten = 0
        self.lost: set[int] = set()
        self.failures: list[FrontierError] = []
        self.permits = Permits(lambda site: control(limit, rates.get(site, inf)), now, budget=limit)
        self.buffered = BufferedFrontier(
            frontier,
            self.permits,
            now,
            config,
            on_change=self.changed,
            on_failure=self.failures.append,
            on_forgotten=self.forget,
            on_lost=self.lost.update,
            delay_of=lambda _: 3.0,
        )

    def changed(self) -> None:
        self.changes += 1

    def forget(self) -> None:
        self.forgotten += 1

    async def settled(self) -> None:
        """Let the pump do what is due now."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def put(self, *entries: Entry) -> None:
        for one in entries:
            self.buffered.put(one)
        await self.settled()

    def next(self) -> Handout | None:
        return self.buffered.next()

    def some(self) -> Handout:
        handout = self.next()
        assert handout is not None
        return handout

    def end(self, handout: Handout, state: State = State.DONE, retry: Entry | None = None) -> None:
        site = handout.lease.entry.site
        self.buffered.release(site, handout.permit, OK)
        self.buffered.ack(Ack(handout.lease.id, state, entry=retry), handout.lease.entry.site)


@asynccontextmanager
async def desk(
    frontier: Frontier | None = None,
    *,
    limit: int = 4,
    rates: Mapping[str, float] | None = None,
    config: BufferConfig | None = None,
    traps: dict[str, str] | None = None,
    on_gained: OnGained | None = None,
) -> AsyncIterator[Desk]:
    made = Desk(frontier or Watched(), rates or {}, limit, config or BufferConfig(batch_s=0.0))
    await made.buffered.open("job", traps=traps, on_gained=on_gained)
    await made.settled()
    try:
        yield made
    finally:
        if not made.failures:
            await made.buffered.close(finish=False)
