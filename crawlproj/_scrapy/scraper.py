"""Surrounds callbacks and pipelines where Scrapy's scraper calls them.

No middleware surrounds either: a callback that returns a list has done all its work before the
first spider middleware sees anything. So two methods of the scraper are replaced.
"""

from __future__ import annotations

import asyncio
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Protocol

from scrapy import Spider
from scrapy.utils.spider import iterate_spider_output
from twisted.python.failure import Failure

from crawlproj._scrapy import require

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    from scrapy import Request
    from scrapy.core.scraper import Scraper
    from scrapy.http import Response

    Output = Iterable[Any] | AsyncIterator[Any]
    CallSpider = Callable[[Response | Failure, Request], Awaitable[Output]]


class ProcessItem(Protocol):
    """Sends an item through the pipelines."""

    def __call__(self, item: Any, *, response: Response | Failure | None) -> Awaitable[None]:
        """Return when the last pipeline is done."""


def surround_callbacks(scraper: Scraper, wrap: Callable[[CallSpider], CallSpider]) -> None:
    """Replace the function that calls a callback or an errback by what ``wrap`` makes of it.

    Raises CrawlprojError if this Scrapy is built differently.
    """
    require(scraper, "call_spider_async")
    scraper.call_spider_async = wrap(scraper.call_spider_async)  # type: ignore[method-assign,assignment]


def surround_pipelines(scraper: Scraper, wrap: Callable[[ProcessItem], ProcessItem]) -> None:
    """Replace the function that sends an item through the pipelines by what ``wrap`` makes of it.

    Raises CrawlprojError if this Scrapy is built differently.
    """
    require(scraper, "start_itemproc_async")
    scraper.start_itemproc_async = wrap(scraper.start_itemproc_async)  # type: ignore[method-assign,assignment]


def is_coroutine(result: Response | Failure, request: Request, spider: Spider) -> bool:
    """Whether the callback or errback that is called with ``result`` is a coroutine function."""
    if isinstance(result, Failure):
        return iscoroutinefunction(request.errback)
    callback = (result.request or request).callback
    if callback is not None:
        return iscoroutinefunction(callback)
    # Spiders with rules or feeds have a _parse of their own, which never is one.
    return type(spider)._parse is Spider._parse and iscoroutinefunction(spider.parse)


async def call_coroutine(
    result: Response | Failure, request: Request, spider: Spider
) -> Iterable[Any]:
    """Do what call_spider_async does for a coroutine function, but in this task.

    Scrapy makes another task of the callback's coroutine, whose steps nobody else can see.
    """
    await asyncio.sleep(0)
    if isinstance(result, Failure):
        result.request = request  # type: ignore[attr-defined]
        assert request.errback is not None  # noqa: S101 - is_coroutine saw to it
        output = await request.errback(result)
    else:
        result.request = result.request or request
        callback = result.request.callback or spider.parse
        output = await callback(result, **result.request.cb_kwargs)
    values: Iterable[Any] = iterate_spider_output(output)
    return values
