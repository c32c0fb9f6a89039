"""Calls callbacks and errbacks, and lets others watch the steps in which their code runs.

No middleware surrounds a callback: one that returns a list has done all its work before the first
spider middleware sees anything. So a method of Scrapy's scraper is replaced. It does what Scrapy's
does, except that a coroutine runs in the request's own task, where its steps can be seen.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any

from scrapy.exceptions import ScrapyDeprecationWarning
from scrapy.utils.defer import maybe_deferred_to_future
from scrapy.utils.misc import warn_on_generator_with_return_value
from scrapy.utils.spider import iterate_spider_output
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from crawlproj._scrapy import require
from crawlproj._scrapy.steps import Steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import CodeType

    from scrapy import Request, Spider
    from scrapy.core.scraper import Scraper
    from scrapy.http import Response

    from crawlproj._scrapy.steps import Watch

    Output = Iterable[Any] | AsyncIterator[Any]


def watch_callbacks(scraper: Scraper, watch: Callable[[Request], Watch | None]) -> None:
    """Let what ``watch`` returns, if anything, watch the callback or errback of each request.

    The latest is the outermost.

    Raises CrawlprojError if this Scrapy is built differently.
    """
    require(scraper, "call_spider_async")
    caller = getattr(scraper.call_spider_async, "__self__", None)
    if not isinstance(caller, _Caller):
        caller = _Caller(scraper)
        scraper.call_spider_async = caller.call  # type: ignore[method-assign]
    caller.watches.insert(0, watch)


class _Caller:
    def __init__(self, scraper: Scraper) -> None:
        self.watches: list[Callable[[Request], Watch | None]] = []
        self._without_errback = scraper.call_spider_async
        self._scraper = scraper
        self._known: set[CodeType] = set()

    async def call(self, result: Response | Failure, request: Request) -> Output:
        """Call the callback with a response or the errback with a failure; return what it yields.

        Raises what it raises, and the failure's exception if there is no errback.
        """
        if isinstance(result, Failure) and not request.errback:
            return await self._without_errback(result, request)
        # Twice, as Scrapy does, so that the loop has read and written what it could.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        steps = Steps([seen for watch in self.watches if (seen := watch(request)) is not None])
        try:
            output = await self._output(result, request, steps)
        except BaseException:
            steps.close()
            raise
        if isinstance(output, AsyncIterator):
            return steps.async_iterated(output)
        return steps.iterated(output)

    @property
    def _spider(self) -> Spider:
        spider = self._scraper.crawler.spider
        assert spider is not None  # noqa: S101 - a crawl has its spider from the start
        return spider

    async def _output(self, result: Response | Failure, request: Request, steps: Steps) -> Output:
        function: Any
        if isinstance(result, Failure):
            result.request = request  # type: ignore[attr-defined]
            function = request.errback
            self._check(function)
            output = steps.called(function, result)
            if isinstance(output, Failure):
                output.raiseException()
        else:
            if result.request is None:
                result.request = request
            function = result.request.callback or self._spider._parse
            self._check(function)
            output = steps.called(function, result, **result.request.cb_kwargs)
        if iscoroutine(output):
            output = await steps.awaited(output)
        if isinstance(output, Deferred):
            # In Scrapy's words, because projects and tests filter warnings by them.
            kind = "errbacks" if isinstance(result, Failure) else "callbacks"
            warnings.warn(
                f"{function} returned a Deferred. Returning Deferreds from spider {kind} is "
                "deprecated.",
                ScrapyDeprecationWarning,
                stacklevel=2,
            )
        values: Any = iterate_spider_output(output)
        return await maybe_deferred_to_future(values) if isinstance(values, Deferred) else values

    def _check(self, function: Callable[..., Any]) -> None:
        """Warn of a generator with a return value, once for each; Scrapy looks every time."""
        code = getattr(function, "__code__", None)
        if code not in self._known:
            warn_on_generator_with_return_value(self._spider, function)
            if code is not None:
                self._known.add(code)
