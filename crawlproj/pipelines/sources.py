"""Which page an item came from, for pipelines: Scrapy gives them the item alone."""

from __future__ import annotations

import secrets
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from crawlproj._scrapy.scraper import surround_pipelines
from crawlproj.scheduler import scheduler_of
from crawlproj.scheduling.checks import check_of

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from scrapy.core.scraper import Scraper
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawlproj._scrapy.scraper import ProcessItem


@dataclass(frozen=True, slots=True)
class Source:
    """Where an item came from.

    page: the URL of its page; "" if it came from no page.
    identity: of the item within the crawl: the same if its page is fetched again because the crawl
        was killed, another one in the next generation.
    checked_at: when its page was asked for before, if this is a check of it; 0 otherwise. Checks
        of a page have the same identity, because what they find replaces what was there.
    """

    page: str
    identity: tuple[object, ...]
    checked_at: float = 0.0


_current: ContextVar[Source | None] = ContextVar("source", default=None)
_noting: WeakSet[Scraper] = WeakSet()


def current_source() -> Source:
    """Return the source of the item in the pipelines; outside of them, one like no other."""
    return _current.get() or Source("", (secrets.token_hex(),))


class Sources:
    """Notes the source of each item before it enters the pipelines.

    An item is identified by the request that its page was fetched with, and by its place
    among the page's items.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._run = secrets.token_hex()
        self._without_page = 0

    def install(self) -> None:
        """Start noting, unless another pipeline did; call it once the engine has a scraper.

        Raises CrawlprojError if this version of Scrapy is not supported.
        """
        scraper = self._crawler.engine.scraper
        if scraper not in _noting:
            surround_pipelines(scraper, self._noted)
            _noting.add(scraper)

    def _noted(self, process_item: ProcessItem) -> ProcessItem:
        async def process_from(
            source: Source, item: Any, response: Response | Failure | None
        ) -> None:
            token = _current.set(source)
            try:
                await process_item(item, response=response)
            finally:
                _current.reset(token)

        def process(item: Any, *, response: Response | Failure | None) -> Awaitable[None]:
            # The source is settled here, because items are processed at the same time.
            return process_from(self._source(response), item, response)

        return process

    def _source(self, response: Response | Failure | None) -> Source:
        scheduler = scheduler_of(self._crawler)
        request = getattr(response, "request", None)
        if scheduler is None or scheduler.opened is None:
            return Source(getattr(request, "url", ""), (secrets.token_hex(),))
        # A frontier in memory counts its generations anew in each run.
        volatile = scheduler.config.frontier_url.startswith("memory:")
        run = self._run if volatile else scheduler.opened.generation
        if response is None:
            self._without_page += 1  # start() yields the same again when the crawl continues
            return Source("", (scheduler.job, run, self._without_page))
        page = getattr(response, "url", "") or getattr(request, "url", "")
        work = scheduler.in_hand.of(request)
        if work is None:
            return Source(page, (secrets.token_hex(),))
        work.items += 1
        check = check_of(work.request)
        checked_at = check.at if check is not None else 0.0
        return Source(page, (scheduler.job, run, work.lease.entry.key, work.items), checked_at)
