"""Feeds scrapy-redis's start URLs to our scheduler, so that RedisSpiders run as they are."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from scrapy import Request, signals
from scrapy.exceptions import DontCloseSpider, NotConfigured
from scrapy_redis.spiders import RedisMixin

from crawlproj.config import boolean, number
from crawlproj.errors import CrawlprojError, FrontierError
from crawlproj.frontier.redis.connection import RedisConfig
from crawlproj.scheduler import scheduler_of
from crawlproj.scheduling.serialize import LEASE
from crawlproj.scrapy_redis.start_urls import ALIVE_S, Kind, StartUrls

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

__all__ = ["StartUrlsFeed"]

logger = logging.getLogger(__name__)

_FIRST_POLL_S, _LONGEST_POLL_S = 0.05, 0.5
_CLOSE_S = 3.0
_SHOWN = 200  # characters of a datum in the log


class StartUrlsFeed:
    """On for a spider that is a scrapy_redis.spiders.RedisMixin, with our scheduler.

    Start URLs become requests while the scheduler has room for them, whatever else the crawl is
    doing, and leave Redis once the frontier has them (see crawlproj/start_urls.py). What
    ``make_request_from_data`` cannot take is logged, and put aside in ``<redis_key>:bad``.

    The mixin's own handler of spider_idle is disconnected: it would block the event loop. A
    subclass's own stays, and finds nothing to read. The crawl stays open while it is idle, for as
    long as max_idle_time (MAX_IDLE_TIME_BEFORE_CLOSE; 0: for ever) and SCHEDULER_IDLE_BEFORE_CLOSE
    say, in seconds.
    """

    def __init__(self, crawler: Crawler) -> None:
        if not isinstance(crawler.spider, RedisMixin) or crawler.spider.server is None:
            raise NotConfigured
        settings = crawler.settings
        self._crawler = crawler
        self._spider: Any = crawler.spider
        self._key: str = self._spider.redis_key
        self._idle_limit_s = number(settings, "SCHEDULER_IDLE_BEFORE_CLOSE", 0.0)
        if not self._spider.max_idle_time:
            self._idle_limit_s = float("inf")
        self._idle_limit_s = max(self._idle_limit_s, float(self._spider.max_idle_time))
        self._start_urls = StartUrls(
            RedisConfig.from_settings(settings), self._key, _kind_of(settings)
        )
        self._taken: list[int] = []  # enqueued, and not known to be in the frontier
        self._bad: list[int] = []
        self._dropped = False
        self._idle_s = 0.0
        self._any_taken = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._feeding: asyncio.Task[None] | None = None
        self._closing: asyncio.Future[None] | None = None
        crawler.signals.connect(self._on_opened, signals.spider_opened)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> StartUrlsFeed:
        """Make it; NotConfigured for other spiders, ConfigError for a wrong setting."""
        return cls(crawler)

    def _on_opened(self) -> None:
        scheduler = scheduler_of(self._crawler)
        if scheduler is None or scheduler.opened is None:
            return
        self._scheduler = scheduler
        self._silence_mixin()
        if scheduler.opened.finished:
            return
        connect = self._crawler.signals.connect
        connect(self._on_idle, signals.spider_idle)
        connect(self._on_dropped, signals.request_dropped)
        connect(self._on_closed, signals.spider_closed)
        self._feeding = self._start(self._feed())
        self._start(self._finish_what_is_durable())
        self._start(self._keep_alive())

    def _silence_mixin(self) -> None:
        spider = self._spider
        if _inherits(spider, "spider_idle"):
            self._crawler.signals.disconnect(spider.spider_idle, signals.spider_idle)
        # Of each plain URL, which is as good as JSON here.
        spider.logger.logger.addFilter(_is_no_plaint)
        spider.count_size = lambda _key: 0
        spider.fetch_data = lambda _key, _size: []
        for name in ("next_requests", "schedule_next_requests"):
            if not _inherits(spider, name):
                logger.warning(
                    "%s.%s() is not used: it would block the event loop. Override "
                    "make_request_from_data() for what to do with a start URL",
                    type(spider).__name__,
                    name,
                )

    # Three tasks

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(coroutine)
        task.add_done_callback(self._on_ended)
        self._tasks.append(task)
        return task

    def _on_ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            told = None if isinstance(error, CrawlprojError) else error
            logger.error("Start URLs cannot be read: %s", error, exc_info=told)
            close = self._crawler.engine.close_spider_async(reason="start-urls-unusable")
            self._closing = asyncio.ensure_future(close)

    async def _feed(self) -> None:
        """Take start URLs and enqueue their requests until no more are wanted."""
        poll_s, idle_since = _FIRST_POLL_S, None
        while await self._scheduler.room():
            data = await self._start_urls.take(self._spider.redis_batch_size)
            if data:
                poll_s, idle_since, self._idle_s = _FIRST_POLL_S, None, 0.0
                self._spider.spider_idle_start_time = int(time.time())
                for number_, datum in data:
                    self._enqueue(number_, datum)
                self._any_taken.set()
                continue
            # As often for a list, a set and a sorted set: only a list's push can be waited for
            # without taking what was pushed from where others would find it.
            await asyncio.sleep(poll_s)
            poll_s = min(2 * poll_s, _LONGEST_POLL_S)
            now = time.monotonic()
            if not self._crawler.engine.spider_is_idle():
                idle_since = None
            elif idle_since is None:
                idle_since = now
            elif now - idle_since >= self._idle_limit_s and await self._start_urls.others_hold():
                idle_since = now  # what a dead worker took comes back soon
            self._idle_s = 0.0 if idle_since is None else now - idle_since

    async def _finish_what_is_durable(self) -> None:
        while True:
            await self._any_taken.wait()
            self._any_taken.clear()
            await self._finish()

    async def _finish(self) -> None:
        taken, bad = list(self._taken), list(self._bad)
        try:
            if taken:
                await self._scheduler.flushed()
        except FrontierError:
            return  # which the scheduler tells; they go back
        await self._start_urls.finish(taken, bad)
        # Only now: cut short, this is done again.
        del self._taken[: len(taken)], self._bad[: len(bad)]

    async def _keep_alive(self) -> None:
        while True:
            if back := await self._start_urls.keep_alive():
                logger.warning("%d start URLs that dead workers had taken are back", back)
            await asyncio.sleep(ALIVE_S / 3)

    # Requests

    def _enqueue(self, number_: int, datum: bytes) -> None:
        try:
            made = self._spider.make_request_from_data(datum)
            requests = list(made) if isinstance(made, Iterable) else [made] if made else []
            if not requests and _inherits(self._spider, "make_request_from_data"):
                raise ValueError("it names no url")
            for request in requests:
                self._crawl(request)
        except Exception as exc:  # noqa: BLE001 - whatever a spider's own method raises
            logger.error(
                "Start URL %s is put aside in %s:bad: %s",
                _shown(datum),
                self._key,
                _why(datum, exc),
            )
            self._crawler.stats.inc_value("start_urls/bad")
            self._bad.append(number_)
        else:
            self._crawler.stats.inc_value("start_urls/read")
            self._taken.append(number_)

    def _crawl(self, request: Request) -> None:
        if not isinstance(request, Request):
            raise TypeError(f"make_request_from_data() made a {type(request).__name__}")
        request.meta.pop(LEASE, None)  # who pushes a URL must not end other work
        self._dropped = False
        self._crawler.engine.crawl(request)
        if self._dropped:
            raise ValueError("the frontier cannot hold its request, see above")

    # Signals

    def _on_dropped(self) -> None:
        self._dropped = True

    def _on_idle(self) -> None:
        running = self._feeding is not None and not self._feeding.done()
        if running and self._idle_s < self._idle_limit_s:
            raise DontCloseSpider

    async def _on_closed(self) -> None:
        """The scheduler has been closed: what was enqueued is durable, or goes back."""
        self._start_urls.hurry()
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks, timeout=_CLOSE_S)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_S):
                    await self._finish()
            if back := await self._start_urls.close():
                logger.info("%d start URLs went back to %s", back, self._key)
        except CrawlprojError as exc:
            logger.error("Start URLs that were taken go back once another worker looks: %s", exc)


def _kind_of(settings: BaseSettings) -> Kind:
    if boolean(settings, "REDIS_START_URLS_AS_SET"):
        return Kind.SET
    return Kind.ZSET if boolean(settings, "REDIS_START_URLS_AS_ZSET") else Kind.LIST


def _inherits(spider: RedisMixin, name: str) -> bool:
    """Whether the method is the mixin's own."""
    return getattr(type(spider), name) is getattr(RedisMixin, name)


def _is_no_plaint(record: logging.LogRecord) -> bool:
    return "String request is deprecated" not in record.getMessage()


def _why(datum: bytes, exc: Exception) -> str:
    if datum.lstrip().startswith(b"{"):  # which the mixin takes for a URL if it is not JSON
        try:
            json.loads(datum)
        except ValueError as not_json:
            return f"not JSON: {not_json}"
    return f"{type(exc).__name__}: {exc}"


def _shown(datum: bytes) -> str:
    text = datum[: _SHOWN + 1].decode("utf-8", "backslashreplace")
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
