"""A fleet's worker: notes whose callback runs, so that the supervisor knows what killed it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING, Any

from scrapy import signals
from twisted.python.failure import Failure

from crawlproj._scrapy.scraper import surround_callbacks
from crawlproj.extensions.fleet import place_of
from crawlproj.fleet.breadcrumb import Breadcrumb, PageInHand
from crawlproj.fleet.files import breadcrumb_file
from crawlproj.latency.stopwatch import Stopwatch
from crawlproj.scheduling.serialize import LEASE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawlproj._scrapy.scraper import CallSpider

__all__ = ["Breadcrumbs"]


class Breadcrumbs:
    """On if FLEET_DIR and FLEET_WORKER are set, as ``scrapy fleet`` does; see Breadcrumb.

    Callbacks, errbacks and generators take turns, and Scrapy lets the loop turn between a spider
    middleware and the callback. So each step of a page's code notes its page first: the stopwatch
    of the latencies asks its clock before and after each step, and the clock is what notes. A page
    stays noted until another's turn or its own end; what its items do in the pipelines counts as
    its doing.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._breadcrumb = Breadcrumb(breadcrumb_file(*place_of(crawler.settings)))
        # After spider_opened, when the latencies take their place: around them.
        crawler.signals.connect(self._install, signals.engine_started)
        crawler.signals.connect(self._breadcrumb.close, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Breadcrumbs:
        """Make it; NotConfigured unless there is a fleet."""
        return cls(crawler)

    def _install(self) -> None:
        surround_callbacks(self._crawler.engine.scraper, self._noted)

    def _noted(self, call_spider: CallSpider) -> CallSpider:
        async def call(
            result: Response | Failure, request: Request
        ) -> Iterable[Any] | AsyncIterator[Any]:
            unheard = isinstance(result, Failure) and request.errback is None
            if unheard or LEASE not in request.meta:
                return await call_spider(result, request)
            page = PageInHand(request.meta[LEASE], request.url)
            steps = Stopwatch(partial(self._note, page))
            try:
                output = await steps.awaited(call_spider(result, request))
            except BaseException:
                self._breadcrumb.clear(page)
                raise
            ended = partial(self._end, page)
            if isinstance(output, AsyncIterator):
                return steps.async_iterated(output, ended)
            return steps.iterated(output, ended)

        return call

    def _note(self, page: PageInHand) -> float:
        self._breadcrumb.note(page)
        return 0.0

    def _end(self, page: PageInHand, _: float) -> None:
        self._breadcrumb.clear(page)
