"""Feeds a spider's seeds into the frontier in bounded batches."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider
from scrapy.exceptions import CloseSpider, NotConfigured

from crawlproj.scheduler import Scheduler, scheduler_of
from crawlproj.scheduling.serialize import SEED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

__all__ = ["SeedsMiddleware"]

_FED = "scrapy_redis.spiders"  # its start_requests() is replaced by crawlproj.scrapy_redis.feed
_BATCH = 100  # after so many seeds, the frontier is asked for room and other tasks go on
_LOOK_S = 0.02  # between two looks, at the end of a crawl, at what was handed out


class SeedsMiddleware:
    """Passes the requests of ``Spider.start()`` to the scheduler, and waits while it is crowded.

    Scrapy drains ``start()`` as fast as it can, so a long list fills memory. Here a million-line
    file or an endless generator waits while SEED_MAX_PENDING URLs are pending. Items go on to
    Scrapy. If ``start()`` ends with CloseSpider, what Scrapy would have sent by then is sent first.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> SeedsMiddleware:
        """Build the middleware. Raises NotConfigured if SCHEDULER is not crawlproj's."""
        if crawler.settings["SCHEDULER"] not in (Scheduler, "crawlproj.scheduler.Scheduler"):
            raise NotConfigured
        return cls(crawler)

    async def process_start(self, start: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Yield the items of ``start`` and enqueue its requests; yield all if there is no crawl.

        Logs a warning if the spider still has start_requests() in its place, because Scrapy says
        nothing and such a crawl ends as finished, without a page.
        """
        scheduler = scheduler_of(self._crawler)
        if self._crawler.spider is not None:
            _warn_of_old_start(self._crawler.spider)
        fed = 0
        try:
            async for seed in start:
                if scheduler is None or not isinstance(seed, Request):
                    yield seed
                    continue
                seed.meta[SEED] = True
                self._crawler.engine.crawl(seed)
                fed += 1
                if fed % _BATCH == 0:
                    await asyncio.sleep(0)
                    if not await scheduler.room():
                        return
        except CloseSpider:
            if scheduler is not None:
                await _handed_out(scheduler, fed)
            raise


async def _handed_out(scheduler: Scheduler, fed: int) -> None:
    """Wait until as many requests were handed out as Scrapy would have sent of ``fed`` seeds."""
    most = min(fed, scheduler.config.in_flight)
    while scheduler.has_pending_requests() and await scheduler.room():
        if scheduler.tally.ended + len(scheduler.in_hand) >= most:
            return
        await asyncio.sleep(_LOOK_S)


def _warn_of_old_start(spider: Spider) -> None:
    cls = type(spider)
    old = getattr(cls, "start_requests", None)
    if old is None or cls.start is not Spider.start or old.__module__ == _FED:
        return
    logger.warning(
        "%s.start_requests() is not called, because Scrapy has replaced it: define "
        "`async def start(self)`, which yields the same requests",
        cls.__name__,
        extra={"spider": spider},
    )
