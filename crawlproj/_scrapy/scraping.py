"""Calls callbacks, and takes what they yield to the spider middlewares, scheduler and pipelines.

It does what Scrapy's scraper does for one result, in the task of the request.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from scrapy.utils.defer import _process_pending_io
from twisted.python.failure import Failure

from crawlproj._scrapy.chains import OutputChain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapy.core.engine import ExecutionEngine

    Output = Iterable[Any] | AsyncIterator[Any]

logger = logging.getLogger("scrapy.core.scraper")  # where Scrapy logs the same errors

# A page with many links lets other tasks run after so many of them.
_OUTPUTS_PER_TURN = 32


def is_cancelled() -> bool:
    """Whether this task is cancelled itself, and not something that it waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _is_silent(result: Response | Failure) -> bool:
    """Whether Scrapy does nothing about ``result`` unless there is an errback."""
    return isinstance(result, Failure) and isinstance(result.value, IgnoreRequest)


class Scraping:
    """Replaces what the scraper of ``engine`` does for a result; see ``runner.fits``."""

    def __init__(self, engine: ExecutionEngine) -> None:
        self._engine = engine
        self._scraper = engine.scraper

    @cached_property
    def _outputs(self) -> OutputChain:
        # By the first response, when the receivers of spider_opened have added their middlewares.
        return OutputChain(self._scraper.spidermw)

    def install(self) -> None:
        """Make the scraper handle outputs here, those of Scrapy's own chain included."""
        self._scraper.handle_spider_output_async = self._handled  # type: ignore[method-assign]

    async def scrape(self, result: Response | Failure, request: Request) -> None:
        """Call the callback or errback; return when all it yielded is done."""
        if request.errback is None and _is_silent(result):
            return
        scraper = self._scraper
        slot = scraper.slot
        assert slot is not None  # noqa: S101 - it is open as long as requests are in progress
        size = slot.MIN_RESPONSE_SIZE
        if isinstance(result, Response):
            size = max(size, len(result.body))
        slot.active.add(request)
        slot.active_size += size
        try:
            if isinstance(result, Response) and self._outputs.is_plain:
                await self._called(result, request)
            else:
                await scraper._scrape(result, request)
        except asyncio.CancelledError:
            if is_cancelled():
                raise
            # Scrapy would wait for ever for a callback in which something was cancelled.
            failure = Failure()  # type: ignore[no-untyped-call]
            scraper.handle_spider_error(failure, request, result)
        except Exception:
            logger.exception(
                "Scraper bug processing %(request)s",
                {"request": request},
                extra={"spider": scraper.crawler.spider},
            )
        finally:
            slot.active.remove(request)
            slot.active_size -= size
            scraper._check_if_closing()
            scraper._scrape_next()

    async def _called(self, response: Response, request: Request) -> None:
        """Call the callback, and send what it yields through the spider middlewares."""
        scraper = self._scraper
        spidermw = scraper.spidermw
        outlet = _Outlet(self._engine, response)
        recovered: AsyncIterator[Any] | None
        try:
            try:
                try:
                    output = await spidermw._process_spider_input(
                        scraper.call_spider_async, response, request
                    )
                except Exception as exc:  # noqa: BLE001 - as Scrapy does
                    await _process_pending_io()
                    recovered = spidermw._process_spider_exception(response, exc)
                else:
                    recovered = await self._passed_on(output, response, outlet)
            except Exception:  # noqa: BLE001 - as Scrapy does
                failure = Failure()  # type: ignore[no-untyped-call]
                scraper.handle_spider_error(failure, request, response)
            else:
                if recovered is not None:
                    await self._drained(recovered, request, response, outlet)
        finally:
            await outlet.finish()

    async def _passed_on(
        self, output: Output, response: Response, outlet: _Outlet
    ) -> AsyncIterator[Any] | None:
        """Pass what the callback yields through the stages, and take what comes out.

        If the callback or a middleware raises, returns what a process_spider_exception yields
        instead. Raises the exception if none handles it.
        """
        self._outputs.begin(response)
        is_async = isinstance(output, AsyncIterator)  # asked once, because that takes long
        try:
            values: Any = aiter(output) if is_async else iter(output)  # type: ignore[arg-type]
        except Exception as exc:  # noqa: BLE001 - as Scrapy does
            return self._recovered(response, exc, 0)
        while True:
            index = 0
            try:
                try:
                    value = await anext(values) if is_async else next(values)
                except (StopIteration, StopAsyncIteration):
                    return None
                for index, of_request, of_item in self._outputs.stages:  # noqa: B007
                    stage = of_request if isinstance(value, Request) else of_item
                    if stage is not None and (value := stage(value, response)) is None:
                        break
            except Exception as exc:  # noqa: BLE001 - as Scrapy does
                return self._recovered(response, exc, index)
            await outlet.take(value)

    def _recovered(self, response: Response, exc: Exception, index: int) -> AsyncIterator[Any]:
        """Return what a process_spider_exception yields for ``exc``; raise it if none does.

        index: the layer that raised it. An exception that a process_spider_exception raises itself
        passes through the next layers, each of which offers it to the middlewares after it.
        """
        for layer in self._outputs.layers:
            # One that all have declined is not offered again, even if it is raised again.
            if layer < index or getattr(exc, "_spidermw_unhandled", False):
                continue
            try:
                recovered: AsyncIterator[Any] = self._scraper.spidermw._process_spider_exception(
                    response, exc, layer
                )
            except Exception as raised:  # noqa: BLE001 - as Scrapy does
                exc = raised
            else:
                return recovered
        raise exc

    async def _handled(
        self, result: Output, request: Request, response: Response | Failure
    ) -> None:
        """Take what comes out of Scrapy's own chain of spider middlewares, or of an errback."""
        outlet = _Outlet(self._engine, response)
        try:
            await self._drained(result, request, response, outlet)
        finally:
            await outlet.finish()

    async def _drained(
        self, result: Output, request: Request, response: Response | Failure, outlet: _Outlet
    ) -> None:
        values = aiter(result) if isinstance(result, AsyncIterator) else iter(result)
        while True:
            try:
                if isinstance(values, AsyncIterator):
                    value = await anext(values)
                else:
                    value = next(values)
            except (StopIteration, StopAsyncIteration):
                return
            except Exception:  # noqa: BLE001 - as Scrapy does
                failure = Failure()  # type: ignore[no-untyped-call]
                self._scraper.handle_spider_error(failure, request, response)
            else:
                await outlet.take(value)


class _Outlet:
    """Schedules the requests of ``response``, and sends its items through the pipelines.

    At most CONCURRENT_ITEMS items are in the pipelines at once.
    """

    def __init__(self, engine: ExecutionEngine, response: Response | Failure) -> None:
        self._engine = engine
        self._response = response
        self._taken = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle: asyncio.Future[None] | None = None  # ends with the last task

    async def take(self, output: Any) -> None:
        """Schedule a request; start with an item as soon as there is room."""
        if isinstance(output, Request):
            try:
                self._engine.crawl(output)
            except Exception:  # a request that cannot be scheduled must not cost the others
                logger.exception(
                    "Error while scheduling %(request)s",
                    {"request": output},
                    extra={"spider": self._engine.spider},
                )
        elif output is not None:
            await self._start(output)
        self._taken += 1
        if self._taken % _OUTPUTS_PER_TURN == 0:
            await asyncio.sleep(0)

    async def _start(self, item: Any) -> None:
        scraper = self._engine.scraper
        while self._tasks and len(self._tasks) >= scraper.concurrent_items:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        process = scraper.start_itemproc_async(item, response=self._response)
        task = asyncio.get_running_loop().create_task(process)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._idle is not None and not self._tasks and not self._idle.done():
            self._idle.set_result(None)

    async def finish(self) -> None:
        """Wait until every item is done."""
        # Most pages have one item, for which asyncio.wait() takes longer than all else here.
        if self._tasks:
            self._idle = asyncio.get_running_loop().create_future()
            await self._idle
