"""Times callbacks and pipelines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from twisted.python.failure import Failure

from crawlproj._scrapy.scraper import (
    call_coroutine,
    is_coroutine,
    surround_callbacks,
    surround_pipelines,
)
from crawlproj.latency.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from scrapy import Request, Spider
    from scrapy.core.scraper import Scraper
    from scrapy.http import Response

    from crawlproj._scrapy.scraper import CallSpider, ProcessItem
    from crawlproj.latency import LatencyRecorder


def time_scraper(
    scraper: Scraper, spider: Spider, recorder: LatencyRecorder, clock: Callable[[], float]
) -> None:
    """Record the time of each callback or errback of ``spider``, and of each item's pipelines.

    Raises CrawlprojError if this version of Scrapy is not supported.
    """

    def record_callback(seconds: float) -> None:
        recorder.add("callback", seconds)

    def timed_call(call_spider: CallSpider) -> CallSpider:
        async def call(
            result: Response | Failure, request: Request
        ) -> Iterable[Any] | AsyncIterator[Any]:
            if isinstance(result, Failure) and request.errback is None:
                return await call_spider(result, request)
            stopwatch = Stopwatch(clock)
            steps = (
                call_coroutine(result, request, spider)
                if is_coroutine(result, request, spider)
                else call_spider(result, request)
            )
            try:
                output = await stopwatch.awaited(steps)
            except BaseException:
                record_callback(stopwatch.seconds)
                raise
            if isinstance(output, AsyncIterator):
                return stopwatch.async_iterated(output, record_callback)
            return stopwatch.iterated(output, record_callback)

        return call

    def timed_item(process_item: ProcessItem) -> ProcessItem:
        async def process(item: Any, *, response: Response | Failure | None) -> None:
            began = clock()
            try:
                await process_item(item, response=response)
            finally:
                recorder.add("pipelines", clock() - began)

        return process

    surround_callbacks(scraper, timed_call)
    surround_pipelines(scraper, timed_item)
