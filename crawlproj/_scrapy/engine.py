"""The one place that touches Scrapy's private surface (written against Scrapy 2.19).

Scrapy tells nobody when a request has really finished: signals and middlewares miss exceptions that
another middleware raises, and none waits for the callback and the pipelines. The engine knows: it
keeps each request in ``_slot.inprogress`` until then. So that set is replaced by one that reports
what leaves it, ``scraper.enqueue_scrape`` by a function that sees each result first, and
``_slot.close`` by one that says so. ``EngineHooks.install`` checks that everything it touches is
there.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

import scrapy

from crawlproj.errors import CrawlprojError

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.core.downloader import Downloader
    from scrapy.core.engine import ExecutionEngine
    from scrapy.http import Response
    from twisted.internet.defer import Deferred
    from twisted.python.failure import Failure


_LEAST_DELAY_S = 0.001


class Watcher(Protocol):
    """Told what becomes of the engine's requests; see EngineHooks."""

    def on_result(self, request: Request, result: Response | Failure) -> None:
        """The downloader and its middlewares are done: a response, or a failure for good."""

    def on_finished(self, request: Request) -> None:
        """The callback, and the pipelines of its items, are done; or a Request replaced it."""

    def on_closing(self) -> None:
        """The engine stops asking for requests and waits for those in progress."""


class _Watched(set["Request"]):
    """A set of requests that reports each removal and does not mind one that is missing."""

    def __init__(self, requests: set[Request], watcher: Watcher) -> None:
        super().__init__(requests)
        self._watcher = watcher

    def remove(self, request: Request) -> None:
        # Missing when abandon() took it away and it came to its end after all.
        if request in self:
            super().remove(request)
            self._watcher.on_finished(request)


class EngineHooks:
    """Reports to a Watcher, wakes the engine, and abandons requests that hang."""

    def __init__(self, engine: ExecutionEngine) -> None:
        self._engine = engine

    def install(self, watcher: Watcher) -> None:
        """Start reporting to ``watcher``; to be called before the first request.

        Raises CrawlprojError when this Scrapy is built differently.
        """
        engine = self._engine
        slot: Any = getattr(engine, "_slot", None)
        for owner, name in (
            (slot, "inprogress"),
            (slot, "close"),
            (slot, "nextcall"),
            (slot, "_maybe_fire_closing"),
            (engine.scraper, "enqueue_scrape"),
            (engine.downloader, "domain_concurrency"),
        ):
            if not hasattr(owner, name):
                raise CrawlprojError(
                    f"Scrapy {scrapy.__version__} has no {name} where crawlproj needs it: install "
                    "the version pinned in requirements.txt, or set SCHEDULER to Scrapy's own"
                )
        slot.inprogress = _Watched(slot.inprogress, watcher)
        enqueue_scrape, close_slot = engine.scraper.enqueue_scrape, slot.close

        def watched_enqueue_scrape(result: Response | Failure, request: Request) -> Deferred[None]:
            watcher.on_result(request, result)
            return enqueue_scrape(result, request)

        async def watched_close() -> None:
            watcher.on_closing()
            await close_slot()

        engine.scraper.enqueue_scrape = watched_enqueue_scrape  # type: ignore[method-assign]
        slot.close = watched_close

    def lift_slot_limits(self, per_site: int) -> None:
        """Let Scrapy's own per-host slots admit at least ``per_site``: permits decide instead."""
        downloader = self._engine.downloader
        downloader.domain_concurrency = max(downloader.domain_concurrency, per_site)

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
    """Whether the engine waits for what is in progress, to end."""
    return engine._slot is None or engine._slot.closing is not None


def open_slot(downloader: Downloader, request: Request, concurrency: int) -> None:
    """Make the slot of ``request``, of which there is none yet, with ``concurrency``."""
    _, slot = downloader._get_slot(request)
    slot.concurrency, slot.jitter = concurrency, 0.0
    slot.delay = max(slot.delay, _LEAST_DELAY_S)


def drive_slot(
    downloader: Downloader, key: str, *, concurrency: int, delay_s: float, rest_s: float
) -> None:
    """Let a slot of Scrapy's downloader admit as a site's control does.

    delay_s: between two starts; the slot's own, from DOWNLOAD_DELAY or DOWNLOAD_SLOTS, if longer.
    rest_s: before the next start.
    """
    slot = downloader.slots.get(key)
    if slot is None:
        return
    own_s = downloader.per_slot_settings.get(key, {}).get("delay", downloader._delay)
    slot.concurrency, slot.jitter = concurrency, 0.0
    # Scrapy 2.19 empties a slot's queue at once, as its tasks have not run when it looks whether
    # there is room; with a delay it takes one at a time.
    slot.delay = max(own_s, delay_s, _LEAST_DELAY_S)
    if rest_s > 0:
        slot.delay = max(slot.delay, rest_s + monotonic() - slot.lastseen)
    if slot.latercall is not None:
        # It waits for what was the delay before.
        slot.latercall.cancel()
        slot.latercall = None
    downloader._process_queue(slot)


class _Forgiving(set["Request"]):
    """Takes the removal of an abandoned request that ends after all."""

    remove = set.discard
