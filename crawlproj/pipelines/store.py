"""Writes items to the store in batches and passes each one on once it is durable."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.exceptions import CloseSpider, DropItem, NotConfigured

from crawlproj._scrapy.engine import begin_closing
from crawlproj.bounded import put
from crawlproj.config import integer, number, text_lists
from crawlproj.errors import CrawlprojError, NotStored, StoreError
from crawlproj.items import FetchFailure, Page
from crawlproj.pipelines.item_rows import ItemRows, row_of_outcome
from crawlproj.pipelines.logged_once import log_failures_once
from crawlproj.pipelines.signals import UseForbidden
from crawlproj.pipelines.sources import Sources, current_source
from crawlproj.reasons import drop_reason, is_disk_failure
from crawlproj.scheduler import scheduler_of
from crawlproj.store.base import Row, StoreBusy
from crawlproj.store.url import store_of
from crawlproj.waiting import set_within

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from twisted.python.failure import Failure

    from crawlproj.scheduling.books import Outcome
    from crawlproj.store.base import Store, Stored

__all__ = ["RowRejected", "StorePipeline"]

logger = logging.getLogger(__name__)

_MAX_FAILURES = 10_000
_ENDING = frozenset({"cancelled", "disk-failed"})  # reasons
_FIRST_PAUSE_S, _MAX_PAUSE_S = 0.1, 5.0  # between attempts to use a busy store
_FIRST_ANSWER_S = 20.0  # a server that never answered may not exist


class RowRejected(StoreError):
    """The store cannot hold this item, for the reason in the message. Other items are stored."""


class LeftForNextRun(DropItem):
    """The item stands for a URL that is not decided yet."""


class StorePipeline:
    """Stores every item: Page in ``pages``, FetchFailure in ``failures``, others by their class.

    STORE_KEY names the fields that identify an item of a class. An item of any other class is a row
    of its own, and the same row if its page is fetched again because the crawl was killed. Items
    that the pipelines drop, or fail on, go to ``dropped_items``.

    ``process_item`` returns after the commit, so later pipelines, feeds and the ack of the URL see
    durable items only. This also limits memory, because Scrapy stops fetching pages while too many
    wait to be processed. Items that arrive during a transaction share the next one (group commit):
    up to STORE_BATCH_SIZE items, collected for STORE_BATCH_DELAY seconds.

    If the database is busy, retries until it answers or the crawl ends. If the store cannot hold an
    item, only that item fails, with RowRejected. If the store fails for good, closes the crawl with
    the reason "store-failed", and waiting items fail with NotStored, which returns their pages to
    the frontier.
    """

    def __init__(self, crawler: Crawler, store: Store) -> None:
        self._crawler = crawler
        self._store = store
        self._batch_size = integer(crawler.settings, "STORE_BATCH_SIZE", 100, minimum=1)
        self._delay_s = number(crawler.settings, "STORE_BATCH_DELAY", 0.03)
        self._rows = ItemRows(text_lists(crawler.settings, "STORE_KEY"))
        self._sources = Sources(crawler)
        # Of the items stored lately, their reasons by URL.
        self._failures: OrderedDict[str, str] = OrderedDict()
        self._waiting: list[tuple[Row, asyncio.Future[str | None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._failed: Exception | None = None
        self._ending = asyncio.Event()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> StorePipeline:
        """Build the pipeline.

        Raises NotConfigured if STORE_URL is empty and ConfigError if a setting is wrong.
        """
        store = store_of(crawler.settings)
        if store is None:
            raise NotConfigured
        return cls(crawler, store)

    async def open_spider(self) -> None:
        """Open the store. Raises CloseSpider("store-unusable") if it cannot be opened.

        A server that restarts, or has no connection left, has 20 s.
        """
        try:
            self._sources.install()
            await self._open_when_free()
        except CrawlprojError as exc:
            logger.error("%s", exc, extra={"spider": self._crawler.spider})
            raise CloseSpider("store-unusable") from exc
        log_failures_once()
        if (scheduler := scheduler_of(self._crawler)) is not None:
            scheduler.books.write = self._queue_outcome
            scheduler.books.read = self._store.checked if self._store.refreshable else None
        self._crawler.signals.connect(self._on_dropped, signals.item_dropped)
        self._crawler.signals.connect(self._on_error, signals.item_error)

    async def _open_when_free(self) -> None:
        pause_s, give_up_at = 0.0, time.monotonic() + _FIRST_ANSWER_S
        while True:
            try:
                await self._store.open()
            except StoreBusy as exc:
                if time.monotonic() > give_up_at:
                    raise
                if not pause_s:
                    logger.warning(
                        "The store cannot be opened yet; waiting: %s",
                        exc,
                        extra={"spider": self._crawler.spider},
                    )
                pause_s = min(2 * pause_s or _FIRST_PAUSE_S, _MAX_PAUSE_S)
                await set_within(self._ending, pause_s)
            else:
                return

    async def process_item(self, item: Any) -> Any:
        """Return ``item`` once it is durable; a Page with ``duplicate_of`` set.

        Raises DropItem for the failure of a crawl that ends, RowRejected if the store cannot
        hold the item, and NotStored if the store has failed.
        """
        if isinstance(item, FetchFailure) and item.reason in _ENDING:
            # Only a crawl that ends has them. It returns their URLs to the frontier.
            raise LeftForNextRun(f"{item.url} is left for the next run", log_level="DEBUG")
        try:
            row = self._rows.row_of(item, current_source())
        except (TypeError, ValueError) as exc:
            raise RowRejected(f"the store cannot hold {exc}") from exc
        duplicate_of = await self._put(row)
        self._count(f"items/{type(item).__name__}")
        if isinstance(item, Page):
            item.duplicate_of = duplicate_of
            self._failures.pop(item.url, None)
        elif isinstance(item, FetchFailure):
            # Until the scheduler asks for the row too. Some URLs are not of requests.
            put(self._failures, item.url, item.reason, _MAX_FAILURES)
        return item

    async def _on_dropped(self, item: Any, exception: DropItem) -> None:
        if not isinstance(exception, LeftForNextRun):
            bare = isinstance(exception, UseForbidden)
            await self._put_dropped(item, drop_reason(exception), str(exception), bare=bare)

    async def _on_error(self, item: Any, failure: Failure) -> None:
        if not isinstance(failure.value, NotStored) and not is_disk_failure(failure.value):
            detail = f"{type(failure.value).__name__}: {failure.value}"
            await self._put_dropped(item, "pipeline-error", detail)

    async def _put_dropped(
        self, item: Any, reason: str, detail: str, *, bare: bool = False
    ) -> None:
        row = self._rows.dropped(item, current_source(), reason, detail, bare=bare)
        with contextlib.suppress(NotStored):  # then the page is fetched again
            await self._put(row)

    def _queue_outcome(self, outcome: Outcome) -> asyncio.Future[str | None]:
        reason = self._failures.pop(outcome.url, None)
        if isinstance(outcome, FetchFailure) and reason == outcome.reason:
            durable: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
            durable.set_result(None)
            return durable
        return self._put(row_of_outcome(outcome))

    def _put(self, row: Row) -> asyncio.Future[str | None]:
        """Write ``row`` with the next batch.

        Returns a future of the URL that a page duplicates, or None, which ends when the row is
        durable. Its exceptions are RowRejected and NotStored.
        """
        done: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        if self._failed is not None:
            done.set_exception(NotStored(f"the store failed: {self._failed}"))
            return done
        self._waiting.append((row, done))
        if self._writer is None:
            self._writer = asyncio.ensure_future(self._write())
        return done

    async def close_spider(self) -> None:
        """Write the waiting items, unless the store is busy, and close the store."""
        self._ending.set()
        while self._writer is not None:
            await asyncio.wait({self._writer})
        self._failed = self._failed or StoreError("it is closed")
        await self._store.close()

    async def _write(self) -> None:
        try:
            while self._waiting:
                if len(self._waiting) < self._batch_size:
                    await asyncio.sleep(self._delay_s)
                batch = self._waiting[: self._batch_size]
                del self._waiting[: self._batch_size]
                try:
                    stored = await self._write_when_free([row for row, _ in batch])
                except Exception as exc:
                    if not isinstance(exc, StoreError):
                        logger.exception(
                            "Unexpected error in the store", extra={"spider": self._crawler.spider}
                        )
                    self._waiting[:0] = batch
                    self._fail(exc)
                    return
                self._resolve(batch, stored)
        finally:
            self._writer = None

    async def _write_when_free(self, rows: list[Row]) -> Stored:
        pause_s = 0.0
        while True:
            try:
                stored = await self._store.write(rows)
            except StoreBusy as exc:
                if not pause_s:
                    logger.warning(
                        "The store is busy; %d items are waiting: %s",
                        len(rows),
                        exc,
                        extra={"spider": self._crawler.spider},
                    )
                if self._ending.is_set():
                    raise  # the crawl no longer waits for its items
                pause_s = min(2 * pause_s or _FIRST_PAUSE_S, _MAX_PAUSE_S)
                await set_within(self._ending, pause_s)
            else:
                if pause_s:
                    logger.info(
                        "The store accepts items again", extra={"spider": self._crawler.spider}
                    )
                return stored

    def _resolve(self, batch: list[tuple[Row, asyncio.Future[str | None]]], stored: Stored) -> None:
        self._count("flushes")
        for kind, pages in stored.changes.items():
            self._crawler.stats.inc_value(f"store/changes/{kind}", pages)
        for index, (row, done) in enumerate(batch):
            reason = stored.rejected.get(index)
            self._count("rejected" if reason else row.table)
            if index in stored.duplicates:
                self._count("duplicates")
            if done.cancelled():
                continue
            if reason:
                done.set_exception(RowRejected(f"the store cannot hold {reason}"))
            else:
                done.set_result(stored.duplicates.get(index))

    def _fail(self, error: Exception) -> None:
        self._failed = error
        logger.error(
            "The store failed, so the crawl stops; the next run fetches unstored pages again: %s",
            error,
            extra={"spider": self._crawler.spider},
        )
        waiting, self._waiting = self._waiting, []
        for _, done in waiting:
            if not done.cancelled():
                done.set_exception(NotStored(f"the store failed: {error}"))
        begin_closing(self._crawler.engine, "store-failed")

    def _count(self, name: str) -> None:
        self._crawler.stats.inc_value(f"store/{name}")
