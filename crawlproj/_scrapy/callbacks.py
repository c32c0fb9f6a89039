"""Times callbacks and pipelines where Scrapy's scraper calls them (written against Scrapy 2.19).

No middleware surrounds either: a callback that returns a list has done all its work before the
first spider middleware sees anything. So two public methods of the scraper are replaced by ones
that look at the clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

import scrapy
from scrapy import Spider
from scrapy.utils.spider import iterate_spider_output
from twisted.python.failure import Failure

from crawlproj.errors import CrawlprojError
from crawlproj.latency.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from scrapy import Request
    from scrapy.core.scraper import Scraper
    from scrapy.http import Response

    from crawlproj.latency import LatencyRecorder

_REPLACED = ("call_spider_async", "start_itemproc_async")


def time_scraper(
    scraper: Scraper, spider: Spider, recorder: LatencyRecorder, clock: Callable[[], float]
) -> None:
    """Record how long each callback (or errback) of ``spider`` runs, and each item's pipelines.

    Raises CrawlprojError when this Scrapy is built differently.
    """
    if not all(hasattr(scraper, name) for name in _REPLACED):
        raise CrawlprojError(
            f"the scraper of Scrapy {scrapy.__version__} has no {' or '.join(_REPLACED)}: install "
            "the version pinned in requirements.txt"
        )
    call_spider, process_item = scraper.call_spider_async, scraper.start_itemproc_async

    def called(seconds: float) -> None:
        recorder.add("callback", seconds)

    async def timed_call(
        result: Response | Failure, request: Request
    ) -> Iterable[Any] | AsyncIterator[Any]:
        if isinstance(result, Failure) and request.errback is None:
            return await call_spider(result, request)
        stopwatch = Stopwatch(clock)
        call = _call_coroutine if _is_coroutine(result, request, spider) else call_spider
        try:
            output = await stopwatch.awaited(call(result, request))
        except BaseException:
            called(stopwatch.seconds)
            raise
        if isinstance(output, AsyncIterator):
            return stopwatch.async_iterated(output, called)
        return stopwatch.iterated(output, called)

    async def timed_item(item: Any, *, response: Response | Failure | None) -> None:
        began = clock()
        try:
            await process_item(item, response=response)
        finally:
            recorder.add("pipelines", clock() - began)

    async def _call_coroutine(result: Response | Failure, request: Request) -> Iterable[Any]:
        """Do what call_spider_async does, but in this task.

        It makes another task of the callback's coroutine, whose steps cannot be timed from here.
        """
        await asyncio.sleep(0)
        if isinstance(result, Failure):
            result.request = request  # type: ignore[attr-defined]
            assert request.errback is not None  # noqa: S101 - or there is nothing to call
            output = await request.errback(result)
        else:
            result.request = result.request or request
            callback = result.request.callback or spider.parse
            output = await callback(result, **result.request.cb_kwargs)
        values: Iterable[Any] = iterate_spider_output(output)
        return values

    scraper.call_spider_async = timed_call  # type: ignore[method-assign]
    scraper.start_itemproc_async = timed_item  # type: ignore[method-assign]


def _is_coroutine(result: Response | Failure, request: Request, spider: Spider) -> bool:
    if isinstance(result, Failure):
        return iscoroutinefunction(request.errback)
    callback = (result.request or request).callback
    if callback is not None:
        return iscoroutinefunction(callback)
    # Spiders with rules or feeds have a _parse of their own, which never is one.
    return type(spider)._parse is Spider._parse and iscoroutinefunction(spider.parse)
