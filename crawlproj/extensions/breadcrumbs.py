"""In a fleet's worker: notes the page in progress, so that the supervisor knows what killed it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING, Any

from scrapy import signals
from twisted.python.failure import Failure

from crawlproj._scrapy.scraper import surround_callbacks
from crawlproj.extensions.fleet import place_of
from crawlproj.fleet.breadcrumb import Breadcrumb, CurrentPage
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
    """Notes the page in progress. On if FLEET_DIR and FLEET_WORKER are set; see Breadcrumb.

    ``scrapy fleet`` sets both. Callbacks, errbacks and generators of several pages take turns, and
    Scrapy yields to the loop between a spider middleware and the callback. So every step of a
    page's code notes its page first: a Stopwatch reads its clock before and after each step, and
    the clock given to it makes the note. A note stays until the turn of another page or the end of
    its own; it thus covers the work of pipelines on the items of its page.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._breadcrumb = Breadcrumb(breadcrumb_file(*place_of(crawler.settings)))
        # After spider_opened, when the timing of callbacks is installed, to surround that too.
        crawler.signals.connect(self._install, signals.engine_started)
        crawler.signals.connect(self._breadcrumb.close, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Breadcrumbs:
        """Build the extension. Raises NotConfigured without a fleet."""
        return cls(crawler)

    def _install(self) -> None:
        surround_callbacks(self._crawler.engine.scraper, self._noted)

    def _noted(self, call_spider: CallSpider) -> CallSpider:
        async def call(
            result: Response | Failure, request: Request
        ) -> Iterable[Any] | AsyncIterator[Any]:
            unhandled = isinstance(result, Failure) and request.errback is None
            if unhandled or LEASE not in request.meta:
                return await call_spider(result, request)
            page = CurrentPage(request.meta[LEASE], request.url)
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

    def _note(self, page: CurrentPage) -> float:
        self._breadcrumb.note(page)
        return 0.0

    def _end(self, page: CurrentPage, _: float) -> None:
        self._breadcrumb.clear(page)
