"""Runs each request in one task, from the scheduler to the last pipeline.

Scrapy uses six tasks and as many Deferreds for a page, and three asynchronous generators for each
spider middleware, which was three tenths of the CPU time of a plain page. The same steps run here
in the same order. A class that is not Scrapy's own, or is overridden, is called as Scrapy calls it.
"""

from __future__ import annotations

import asyncio
import logging
from functools import cached_property
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
from scrapy.signalmanager import SignalManager
from scrapy.utils.asyncio import is_asyncio_available
from scrapy.utils.defer import _process_pending_io, maybe_deferred_to_future
from scrapy.utils.log import logformatter_adapter
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from crawlproj._scrapy.answered import ANSWERED
from crawlproj._scrapy.chains import DownloadChain
from crawlproj._scrapy.scraping import Scraping, is_cancelled
from crawlproj._scrapy.signals import has_listener

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.core.downloader import Slot

logger = logging.getLogger("scrapy.core.engine")  # where Scrapy logs the same errors

WRITTEN_FOR = (2, 19)


# The methods that are not called any more, so that nobody may have replaced them.
_BYPASSED = frozenset(
    {
        *("_start_scheduled_request", "_download", "_handle_downloader_output", "_remove_request"),
        *("fetch", "_enqueue_request", "_wait_for_download"),
        *("download_async", "_process_request", "_process_response", "_handle_mw_method"),
        *("enqueue_scrape", "_wait_for_processing"),
        *("handle_spider_output_async", "_process_spidermw_output_async"),
        *("scrape_response_async", "_process_callback_output", "_evaluate_iterable"),
        *("send_catch_log", "send_catch_log_async"),
    }
)


def fits(engine: ExecutionEngine) -> bool:
    """Return whether ``engine`` and its parts are those of the Scrapy that this is written for."""
    if scrapy.version_info[:2] != WRITTEN_FOR or type(engine) is not ExecutionEngine:
        return False
    downloader, scraper = engine.downloader, engine.scraper
    if type(downloader) is not Downloader or type(scraper) is not Scraper:
        return False
    middleware, spidermw, manager = downloader.middleware, scraper.spidermw, engine.signals
    return (
        type(middleware) is DownloaderMiddlewareManager
        and type(spidermw) is SpiderMiddlewareManager
        and type(manager) is SignalManager
        and all(
            _BYPASSED.isdisjoint(vars(part))
            for part in (engine, downloader, scraper, middleware, spidermw, manager)
        )
        and is_asyncio_available()
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
        self._scraping = Scraping(engine)
        self._on_result = on_result
        self._tasks: set[asyncio.Task[None]] = set()
        spider = engine.crawler.spider
        assert spider is not None  # noqa: S101 - a crawl has its spider from the start
        # The engine forgets it at its end, when abandoned requests may still be running.
        self._spider = spider

    @cached_property
    def _chain(self) -> DownloadChain:
        # By the first request, when the receivers of spider_opened have added their middlewares.
        return DownloadChain(self._downloader.middleware)

    def install(self) -> None:
        """Make the engine start requests here, and its parts go on here."""
        self._engine._start_scheduled_request = self._start_next  # type: ignore[method-assign]
        self._downloader._wait_for_download = self._dequeued  # type: ignore[method-assign]
        self._scraping.install()

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
        except Exception as exc:  # noqa: BLE001 - as Scrapy does
            self._log("Error while handling downloader output", exc)
        finally:
            try:
                slot.remove_request(request)
            except Exception as exc:  # noqa: BLE001 - as Scrapy does
                self._log("Error while removing request from slot", exc)
            slot.nextcall.schedule()

    async def _scraped(self, result: Response | Failure, request: Request) -> None:
        ANSWERED.set(request)  # in the task of this request alone
        try:
            self._on_result(request, result)
            await self._scraping.scrape(result, request)
        except Exception:
            logger.exception("Error while enqueuing scrape", extra={"spider": self._spider})

    def _log(self, message: str, exc: Exception) -> None:
        logger.info(message, exc_info=exc, extra={"spider": self._spider})

    # The downloader's part

    async def _downloaded(self, request: Request) -> Request | Response | Failure:
        try:
            try:
                result = await self._chain.download(request, self._fetch)
            finally:
                self._downloader.active.remove(request)
            if isinstance(result, Response):
                self._announce(result, request)
            elif not isinstance(result, Request):
                raise TypeError(
                    f"Incorrect type: expected Response or Request, got {type(result)}: {result!r}"
                )
        except (Exception, asyncio.CancelledError):
            # A download that was cancelled is a failed one; it is not this task that was cancelled.
            if is_cancelled():
                raise
            return Failure()  # type: ignore[no-untyped-call]
        return result

    async def _fetch(self, request: Request) -> Response:
        downloader = self._downloader
        key, slot = downloader._get_slot(request)
        request.meta[downloader.DOWNLOAD_SLOT] = key
        slot.active.add(request)
        try:
            self._send(signals.request_reached_downloader, request=request)
            if _is_free(slot):
                slot.lastseen = monotonic()
                return await self._transferred(slot, request)
            queued: Deferred[Response] = Deferred()
            slot.queue.append((request, queued))
            downloader._process_queue(slot)
            return await maybe_deferred_to_future(queued)  # _dequeued calls it
        finally:
            slot.active.remove(request)

    async def _dequeued(self, slot: Slot, request: Request, queue_dfd: Deferred[Response]) -> None:
        try:
            response = await self._transferred(slot, request)
        except (Exception, asyncio.CancelledError):  # noqa: BLE001 - for whoever waits
            queue_dfd.errback(Failure())  # type: ignore[no-untyped-call]
        else:
            queue_dfd.callback(response)

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
        if response.request is None:
            response.request = request
        line = self._engine.logformatter.crawled(response.request, response, self._spider)
        if line is not None:
            logger.log(*logformatter_adapter(line), extra={"spider": self._spider})
        self._send(signals.response_received, response=response, request=response.request)

    def _send(self, signal: object, **named: Any) -> None:
        manager = self._engine.signals
        if has_listener(manager, signal):
            manager.send_catch_log(signal, spider=self._spider, **named)


def _is_free(slot: Slot) -> bool:
    """Whether Scrapy would start a request of ``slot`` at once."""
    return not (slot.queue or slot.delay or slot.latercall) and slot.free_transfer_slots() > 0
