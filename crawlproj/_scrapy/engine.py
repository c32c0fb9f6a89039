"""Reports what becomes of the engine's requests.

Scrapy reports nowhere that a request has really finished: signals and middlewares miss exceptions
that another middleware raises, and none waits for the callback and the pipelines. The engine knows:
it keeps each request in ``_slot.inprogress`` until then. So that set is replaced by one that
reports what leaves it, and ``_slot.close`` by one that announces the end. The result of a download
is reported by the RequestRunner or, if it does not fit, by a wrapped ``scraper.enqueue_scrape``.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from scrapy.utils.defer import deferred_from_coro, maybe_deferred_to_future

from crawlproj._scrapy import require
from crawlproj._scrapy.command import running_command
from crawlproj._scrapy.runner import RequestRunner, fits
from crawlproj._scrapy.signals import QuickSignals

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scrapy import Request, Spider
    from scrapy.core.engine import ExecutionEngine
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.internet.defer import Deferred
    from twisted.python.failure import Failure

_closing: set[asyncio.Future[None]] = set()  # the event loop holds tasks weakly


class Watcher(Protocol):
    """Learns what becomes of the engine's requests; see EngineHooks."""

    def on_result(self, request: Request, result: Response | Failure) -> None:
        """The downloader and its middlewares are done: a response, or a failure for good."""

    def on_finished(self, request: Request) -> None:
        """The callback, and the pipelines of its items, are done; or a Request replaced it."""

    def on_closing(self) -> None:
        """The engine stops asking for requests and waits for those in progress."""


class _Watched(set["Request"]):
    """A set of requests that reports each removal and ignores that of a missing one.

    on_removed: called with each, also if it is missing.
    """

    def __init__(
        self, requests: set[Request], watcher: Watcher, on_removed: Callable[[Request], None]
    ) -> None:
        super().__init__(requests)
        self._watcher = watcher
        self._on_removed = on_removed

    def remove(self, request: Request) -> None:
        # It is missing if abandon() took it away and it ended after all.
        if request in self:
            super().remove(request)
            self._watcher.on_finished(request)
        self._on_removed(request)


class _Forgiving(set["Request"]):
    """Allows the removal of an abandoned request that ends after all."""

    remove = set.discard


class EngineHooks:
    """Reports to a Watcher, wakes the engine, and abandons requests that hang.

    direct: the requests of ``engine.download_async`` that have not come back to who made them. The
    crawl is not idle before: they may put requests then, or end it for a reason.
    """

    def __init__(self, engine: ExecutionEngine) -> None:
        self._engine = engine
        self.direct: set[Request] = set()

    def install(self, watcher: Watcher) -> None:
        """Start reporting to ``watcher``; call it before the first request.

        Raises CrawlprojError if this Scrapy is built differently.
        """
        engine = self._engine
        slot: Any = getattr(engine, "_slot", None)
        require(slot, "inprogress", "close", "nextcall", "_maybe_fire_closing")
        require(engine.scraper, "enqueue_scrape", "_check_if_closing")
        require(engine.downloader, "domain_concurrency", "total_concurrency")
        slot.inprogress = _Watched(slot.inprogress, watcher, self._came_back)
        close_slot = slot.close

        async def watched_close() -> None:
            watcher.on_closing()
            await close_slot()

        slot.close = watched_close
        if fits(engine):
            RequestRunner(engine, watcher.on_result).install()
            QuickSignals(engine.signals).install()
            return
        enqueue_scrape = engine.scraper.enqueue_scrape

        def watched_enqueue_scrape(result: Response | Failure, request: Request) -> Deferred[None]:
            watcher.on_result(request, result)
            return enqueue_scrape(result, request)

        engine.scraper.enqueue_scrape = watched_enqueue_scrape  # type: ignore[method-assign]

    def admit_downloads(
        self, admit: Callable[[Request], Awaitable[None]], ended: Callable[[Request], object]
    ) -> None:
        """Wait for ``admit`` before each download that ``engine.download_async`` makes.

        ended: called with each of these requests when its download has ended.
        """
        engine = self._engine
        require(engine, "_download")
        download = engine._download

        async def admitted(request: Request) -> Response | Request:
            await admit(request)
            try:
                return await maybe_deferred_to_future(download(request))
            finally:
                ended(request)

        def begun(request: Request) -> Deferred[Response | Request]:
            self.direct.add(request)
            return deferred_from_coro(admitted(request))

        engine._download = begun  # type: ignore[method-assign]

    def _came_back(self, request: Request) -> None:
        if request in self.direct:
            self.direct.remove(request)
            self.wake()

    def lift_slot_limits(self, in_flight: int) -> None:
        """Let Scrapy's own per-host slots admit all of ``in_flight``: permits decide instead.

        in_flight: max requests downloading at once; never more than CONCURRENT_REQUESTS.
        """
        downloader = self._engine.downloader
        downloader.domain_concurrency = max(downloader.domain_concurrency, in_flight)
        # 0 means no limit in Scrapy, but there is one of open files.
        downloader.total_concurrency = min(downloader.total_concurrency or in_flight, in_flight)

    def fail_start(self, *, begun: bool) -> None:
        """Let the crawl count as one that could not start, so that Scrapy's commands exit with 1.

        They take a crawler without a spider for that. A script may read its spider after the crawl,
        so it keeps the spider of a crawl that has ``begun``. Call this before the spider is closed.
        """
        if begun and not running_command():
            return
        engine = self._engine
        require(engine, "_spider_closed_callback")
        closed = engine._spider_closed_callback

        def closed_without_spider(spider: Spider) -> Any:
            engine.crawler.spider = None
            return closed(spider)

        engine._spider_closed_callback = closed_without_spider

    def wake(self) -> None:
        """Make the engine ask the scheduler again soon."""
        slot = self._engine._slot
        # Before it runs, the pipelines may still be opening; it asks by itself when it starts.
        if self._engine.running and slot is not None and slot.closing is None:
            slot.nextcall.schedule()

    def abandon(self) -> int:
        """Drop every request in progress, so that a closing engine goes on; returns how many."""
        slot, scraping = self._engine._slot, self._engine.scraper.slot
        dropped = 0
        if slot is not None:
            requests = list(slot.inprogress)
            dropped = len(requests)
            for request in requests:
                slot.inprogress.remove(request)
            if slot.closing is not None and not slot.closing.called:
                slot._maybe_fire_closing()
        if scraping is not None:
            scraping.queue.clear()
            scraping.active = _Forgiving()
            scraping.itemproc_size = 0
            if scraping.closing is not None and not scraping.closing.called:
                self._engine.scraper._check_if_closing()
        return dropped


def is_closing(engine: ExecutionEngine) -> bool:
    """Whether the engine only waits for what is in progress before it ends."""
    return engine._slot is None or engine._slot.closing is not None


def engine_of(crawler: Crawler) -> ExecutionEngine | None:
    """Return the crawler's engine; None before the crawl starts, as in tests without a crawl."""
    engine: ExecutionEngine | None = crawler._engine  # as Scrapy tells code that may run earlier
    return engine


def begin_closing(engine: ExecutionEngine, reason: str) -> None:
    """Close the spider for ``reason``; returns before that is done."""
    task = asyncio.ensure_future(engine.close_spider_async(reason=reason))
    _closing.add(task)
    task.add_done_callback(_closing.discard)
