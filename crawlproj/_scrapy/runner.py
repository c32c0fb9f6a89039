"""Runs each request in one task, from the scheduler to the last pipeline.

Scrapy uses six tasks and as many Deferreds for a page, and three asynchronous generators for each
spider middleware; that is a third of the CPU time of a plain page. The same steps run here in the
same order. What is not Scrapy's own class, or is overridden, is called as Scrapy calls it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from time import monotonic
from typing import TYPE_CHECKING, Any

import scrapy
from scrapy import signals
from scrapy.core.downloader import Downloader
from scrapy.core.downloader.middleware import DownloaderMiddlewareManager
from scrapy.core.engine import ExecutionEngine
from scrapy.core.scraper import Scraper
from scrapy.core.spidermw import SpiderMiddlewareManager
from scrapy.http import Request, Response
from scrapy.utils.defer import _process_pending_io
from scrapy.utils.log import logformatter_adapter
from twisted.python.failure import Failure

from crawlproj._scrapy.chains import DownloadChain, OutputChain
from crawlproj._scrapy.signals import has_listener

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from scrapy.core.downloader import Slot

logger = logging.getLogger("scrapy.core.engine")  # where Scrapy logs the same errors

_WRITTEN_FOR = (2, 19)
# A page with many links lets other tasks run after so many of them.
_OUTPUTS_PER_TURN = 32


def fits(engine: ExecutionEngine) -> bool:
    """Return whether ``engine`` and its parts are those of the Scrapy that this is written for."""
    return (
        scrapy.version_info[:2] == _WRITTEN_FOR
        and type(engine) is ExecutionEngine
        and type(engine.downloader) is Downloader
        and type(engine.downloader.middleware) is DownloaderMiddlewareManager
        and type(engine.scraper) is Scraper
        and type(engine.scraper.spidermw) is SpiderMiddlewareManager
    )


class RequestRunner:
    """Replaces the engine's way to run the scheduler's requests; see ``fits``.

    on_result: called with each request that the scheduler gave and its response, or the Failure of
        its download, before a callback sees either.
    """

    def __init__(
        self, engine: ExecutionEngine, on_result: Callable[[Request, Response | Failure], None]
    ) -> None:
        self._engine = engine
        self._downloader = engine.downloader
        self._scraper = engine.scraper
        self._chain = DownloadChain(engine.downloader.middleware)
        self._outputs = OutputChain(engine.scraper.spidermw)
        self._on_result = on_result
        self._tasks: set[asyncio.Task[None]] = set()

    def install(self) -> None:
        """Make the engine start requests here, and the scraper handle outputs here."""
        self._engine._start_scheduled_request = self._start_next  # type: ignore[method-assign]
        self._scraper.handle_spider_output_async = self._handled  # type: ignore[method-assign]

    def _start_next(self) -> bool:
        """Start the scheduler's next request; return False if it has none."""
        engine = self._engine
        slot = engine._slot
        assert slot is not None  # noqa: S101 - the engine calls this only with a slot
        request = slot.scheduler.next_request()
        if request is None:
            engine.signals.send_catch_log(signals.scheduler_empty)
            return False
        slot.add_request(request)
        self._downloader.active.add(request)
        task = asyncio.get_running_loop().create_task(self._run(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _run(self, request: Request) -> None:
        engine = self._engine
        slot = engine._slot
        assert slot is not None  # noqa: S101 - it stays until its last request is removed
        try:
            result = await self._downloaded(request)
            slot.nextcall.schedule()
            if isinstance(result, Request):
                engine.crawl(result)
            else:
                await self._scraped(result, request)
        except Exception:
            logger.exception(
                "Error while handling downloader output", extra={"spider": engine.spider}
            )
        finally:
            slot.remove_request(request)
            slot.nextcall.schedule()

    # The downloader's part

    async def _downloaded(self, request: Request) -> Request | Response | Failure:
        try:
            try:
                result = await self._chain.download(request, self._fetch)
            finally:
                self._downloader.active.remove(request)
            if isinstance(result, Response):
                self._announce(result, request)
        except (Exception, asyncio.CancelledError):
            # A download that was cancelled is a failed one; it is not this task that was cancelled.
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            return Failure()  # type: ignore[no-untyped-call]
        return result

    async def _fetch(self, request: Request) -> Response:
        downloader = self._downloader
        key, slot = downloader._get_slot(request)
        if not _is_free(slot):
            return await downloader._enqueue_request(request)
        request.meta[downloader.DOWNLOAD_SLOT] = key
        slot.active.add(request)
        try:
            self._send(signals.request_reached_downloader, request=request)
            slot.lastseen = monotonic()
            return await self._transferred(slot, request)
        finally:
            slot.active.remove(request)

    async def _transferred(self, slot: Slot, request: Request) -> Response:
        slot.transferring.add(request)
        try:
            response = await self._downloader.handlers.download_request_async(request)
            self._send(signals.response_downloaded, response=response, request=request)
        except Exception:
            await _process_pending_io()
            raise
        else:
            return response
        finally:
            slot.transferring.remove(request)
            self._downloader._process_queue(slot)
            self._send(signals.request_left_downloader, request=request)

    def _announce(self, response: Response, request: Request) -> None:
        engine, spider = self._engine, self._engine.crawler.spider
        assert spider is not None  # noqa: S101 - a crawl has its spider from the start
        if response.request is None:
            response.request = request
        line = engine.logformatter.crawled(response.request, response, spider)
        if line is not None:
            logger.log(*logformatter_adapter(line), extra={"spider": spider})
        self._send(signals.response_received, response=response, request=response.request)

    def _send(self, signal: object, **named: Any) -> None:
        manager = self._engine.signals
        if has_listener(manager, signal):
            manager.send_catch_log(signal, spider=self._engine.crawler.spider, **named)

    # The scraper's part

    async def _scraped(self, result: Response | Failure, request: Request) -> None:
        scraper = self._scraper
        slot = scraper.slot
        assert slot is not None  # noqa: S101 - it is open as long as requests are in progress
        self._on_result(request, result)
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
        recovered: AsyncIterator[Any] | None
        try:
            try:
                output = await spidermw._process_spider_input(
                    scraper.call_spider_async, response, request
                )
            except Exception as exc:  # noqa: BLE001 - as Scrapy does
                await _process_pending_io()
                recovered = spidermw._process_spider_exception(response, exc)
            else:
                recovered = await self._passed_on(output, response)
        except Exception:  # noqa: BLE001 - as Scrapy does
            failure = Failure()  # type: ignore[no-untyped-call]
            scraper.handle_spider_error(failure, request, response)
            return
        if recovered is not None:
            await self._handled(recovered, request, response)

    async def _passed_on(
        self, output: Iterable[Any] | AsyncIterator[Any], response: Response
    ) -> AsyncIterator[Any] | None:
        """Pass what the callback yields through the stages, and take what comes out.

        If the callback or a middleware raises, returns what a process_spider_exception yields
        instead. Raises the exception if none handles it.
        """
        outlet = _Outlet(self._engine, response)
        self._outputs.begin(response)
        values = aiter(output) if isinstance(output, AsyncIterator) else iter(output)
        try:
            while True:
                index = 0
                try:
                    try:
                        if isinstance(values, AsyncIterator):
                            value = await anext(values)
                        else:
                            value = next(values)
                    except (StopIteration, StopAsyncIteration):
                        return None
                    for index, of_request, of_item in self._outputs.stages:  # noqa: B007
                        stage = of_request if isinstance(value, Request) else of_item
                        if stage is not None and (value := stage(value, response)) is None:
                            break
                except Exception as exc:  # noqa: BLE001 - as Scrapy does
                    return self._scraper.spidermw._process_spider_exception(response, exc, index)
                await outlet.take(value)
        finally:
            await outlet.finish()

    async def _handled(
        self,
        result: Iterable[Any] | AsyncIterator[Any],
        request: Request,
        response: Response | Failure,
    ) -> None:
        """Take what comes out of Scrapy's own chain of spider middlewares, or of an errback."""
        outlet = _Outlet(self._engine, response)
        values = aiter(result) if isinstance(result, AsyncIterator) else iter(result)
        try:
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
        finally:
            await outlet.finish()


class _Outlet:
    """Schedules the requests of ``response``, and sends its items through the pipelines.

    At most CONCURRENT_ITEMS items are in the pipelines at once.
    """

    def __init__(self, engine: ExecutionEngine, response: Response | Failure) -> None:
        self._engine = engine
        self._response = response
        self._taken = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self, output: Any) -> None:
        """Schedule a request; start with an item as soon as there is room."""
        if isinstance(output, Request):
            self._engine.crawl(output)
        elif output is not None:
            await self._start(output)
        self._taken += 1
        if self._taken % _OUTPUTS_PER_TURN == 0:
            await asyncio.sleep(0)

    async def _start(self, item: Any) -> None:
        scraper = self._engine.scraper
        while len(self._tasks) >= scraper.concurrent_items:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        process = scraper.start_itemproc_async(item, response=self._response)
        task = asyncio.get_running_loop().create_task(process)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Wait until every item is done."""
        if self._tasks:
            await asyncio.wait(self._tasks)


def _is_free(slot: Slot) -> bool:
    """Whether Scrapy would start a request of ``slot`` at once."""
    return not (slot.queue or slot.delay or slot.latercall) and slot.free_transfer_slots() > 0
