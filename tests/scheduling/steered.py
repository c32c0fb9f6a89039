"""A worker in virtual time that obeys commands: what its tests share."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from crawlproj.frontier.base import Entry
from crawlproj.frontier.commands import Command, Verb
from crawlproj.scheduling.books import Books
from crawlproj.scheduling.crawl_delays import CrawlDelays
from crawlproj.scheduling.patience import Patience
from crawlproj.scheduling.site_config import ConcurrencyConfig, SiteConfig
from crawlproj.scheduling.steered_limits import SteeredLimits
from crawlproj.scheduling.steering import Steering
from tests.frontier.virtual import now
from tests.scheduling.desk import Desk, Watched, desk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from crawlproj.frontier.base import Lease


class Crawl:
    """A desk that is steered."""

    def __init__(self, it: Desk, frontier: Watched) -> None:
        self.it = it
        self.frontier = frontier
        self.ended: list[str] = []
        self.idle = True
        config = ConcurrencyConfig(default=SiteConfig(start=2.0, max=4.0))
        self.limits = SteeredLimits(config)
        self.permits = it.permits
        self.permits._controls._make = lambda site: config.control(site, self.limits.of(site))
        delays = CrawlDelays(self.permits, self.limits.delay_of)
        self.patience = Patience(60.0, self.permits, now)
        self.books = Books(it.buffered.ack, spider=None)
        self.books.begin()
        self.steering = Steering(
            *(frontier, it.buffered, self.limits, self.permits, delays, self.patience, self.books),
            entry_of=lambda url, priority: Entry(hash(url), "new.test", url, b"", priority),
            idle=lambda: self.idle,
            end=self.ended.append,
            spider=None,
            clock=now,
        )
        it.buffered._sift = self.sift

    def sift(self, leases: list[Lease]) -> list[Lease]:
        return self.steering.sift(leases)

    async def say(self, verb: Verb, token: str = "", **arguments: Any) -> int:
        return await self.frontier.append(Command(verb, arguments, "ann", now(), token))

    async def obeyed(self, verb: Verb, token: str = "", **arguments: Any) -> None:
        await self.say(verb, token, **arguments)
        await self.steering.look()
        await asyncio.sleep(1)

    def waits(self) -> bool:
        return self.it.buffered.pending

    def started(self, limit: int = 100) -> list[int]:
        """Start what may start; returns the keys."""
        found: list[int] = []
        while len(found) < limit and (handout := self.it.next()) is not None:
            found.append(handout.lease.entry.key)
        return sorted(found)


@asynccontextmanager
async def crawl(frontier: Watched | None = None) -> AsyncIterator[Crawl]:
    frontier = frontier or Watched()
    async with desk(frontier, limit=40) as it:
        made = Crawl(it, frontier)
        await made.steering.begin(1)
        try:
            yield made
        finally:
            await made.steering.close()
