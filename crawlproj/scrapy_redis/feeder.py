"""Feeds start URLs to the scheduler. Imports scrapy-redis and the Redis client, so on demand."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from scrapy import Request, signals
from scrapy.exceptions import DontCloseSpider

from crawlproj._scrapy.engine import EngineHooks, begin_closing
from crawlproj.config import boolean, number
from crawlproj.errors import CrawlprojError, FrontierError
from crawlproj.frontier.redis.connection import RedisConfig
from crawlproj.runs import is_one_off
from crawlproj.scheduler import scheduler_of
from crawlproj.scheduling.serialize import LEASE
from crawlproj.scrapy_redis.mixin import disable_reading, inherits
from crawlproj.scrapy_redis.start_urls import ALIVE_S, Kind, StartUrls

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

logger = logging.getLogger(__name__)

_MIN_POLL_S, _MAX_POLL_S = 0.05, 0.5
_CLOSE_S = 3.0
_MAX_LOGGED = 200  # characters of a datum


class Feeder:
    """Feeds start URLs for as long as the crawl runs; see ``StartUrlsFeed``.

    spider: the crawler's, which has scrapy_redis.spiders.RedisMixin.

    Raises ConfigError if a setting is wrong.
    """

    def __init__(self, crawler: Crawler, spider: Any) -> None:
        settings = crawler.settings
        self._one_off = is_one_off()
        self._crawler = crawler
        self._spider = spider
        self._key: str = self._spider.redis_key
        self._idle_limit_s = number(settings, "SCHEDULER_IDLE_BEFORE_CLOSE", 0.0)
        if not self._spider.max_idle_time:
            self._idle_limit_s = float("inf")
        self._idle_limit_s = max(self._idle_limit_s, float(self._spider.max_idle_time))
        self._start_urls = StartUrls(
            RedisConfig.from_settings(settings), self._key, _kind_of(settings)
        )
        self._taken: list[int] = []  # enqueued, but maybe not in the frontier yet
        self._bad: list[int] = []
        self._dropped = False
        self._idle_s = 0.0
        self._any_taken = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._feeding: asyncio.Task[None] | None = None
        crawler.signals.connect(self._on_opened, signals.spider_opened)

    def _on_opened(self) -> None:
        if self._one_off:
            disable_reading(self._spider, self._crawler)
            return
        scheduler = scheduler_of(self._crawler)
        if scheduler is None or scheduler.opened is None:
            return
        self._scheduler = scheduler
        self._engine = EngineHooks(self._crawler.engine)
        disable_reading(self._spider, self._crawler)
        if scheduler.opened.finished:
            return
        connect = self._crawler.signals.connect
        connect(self._on_idle, signals.spider_idle)
        connect(self._on_dropped, signals.request_dropped)
        connect(self._on_closed, signals.spider_closed)
        self._feeding = self._start(self._feed())
        self._start(self._finish_durable())
        self._start(self._keep_alive())

    # Three tasks

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(coroutine)
        task.add_done_callback(self._on_ended)
        self._tasks.append(task)
        return task

    def _on_ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            traceback = None if isinstance(error, CrawlprojError) else error
            logger.error(
                "Start URLs cannot be read: %s",
                error,
                exc_info=traceback,
                extra={"spider": self._spider},
            )
            begin_closing(self._crawler.engine, "start-urls-unusable")

    async def _feed(self) -> None:
        """Take start URLs and enqueue their requests until the scheduler wants no more."""
        poll_s, idle_since = _MIN_POLL_S, None
        while await self._scheduler.room():
            data = await self._start_urls.take(self._spider.redis_batch_size)
            if data:
                poll_s, idle_since, self._idle_s = _MIN_POLL_S, None, 0.0
                self._spider.spider_idle_start_time = int(time.time())
                for url_number, datum in data:
                    self._enqueue(url_number, datum)
                self._any_taken.set()
                continue
            # Polling serves lists, sets and sorted sets. Redis has no command that waits for a push
            # to any of them and leaves the data where other workers would find it.
            await asyncio.sleep(poll_s)
            poll_s = min(2 * poll_s, _MAX_POLL_S)
            now = time.monotonic()
            if not self._crawler.engine.spider_is_idle():
                idle_since = None
            elif idle_since is None:
                idle_since = now
            elif now - idle_since >= self._idle_limit_s and await self._start_urls.others_hold():
                idle_since = now  # if that worker is dead, its start URLs come back soon
            self._idle_s = 0.0 if idle_since is None else now - idle_since
            if self._idle_s >= self._idle_limit_s:
                self._engine.wake()  # by itself it checks only every five seconds

    async def _finish_durable(self) -> None:
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
            return  # the scheduler reports it; the start URLs go back
        await self._start_urls.finish(taken, bad)
        # Only now, so that all is finished again if this was interrupted.
        del self._taken[: len(taken)], self._bad[: len(bad)]

    async def _keep_alive(self) -> None:
        while True:
            if back := await self._start_urls.keep_alive():
                logger.warning(
                    "%d start URLs that dead workers had taken were put back",
                    back,
                    extra={"spider": self._spider},
                )
            await asyncio.sleep(ALIVE_S / 3)

    # Requests

    def _enqueue(self, url_number: int, datum: bytes) -> None:
        try:
            made = self._spider.make_request_from_data(datum)
            requests = list(made) if isinstance(made, Iterable) else [made] if made else []
            if not requests and inherits(self._spider, "make_request_from_data"):
                raise ValueError("it has no url")
            for request in requests:
                self._crawl(request)
        except Exception as exc:  # noqa: BLE001 - whatever a spider's own method raises
            logger.error(
                "Start URL %s was put aside in %s:bad: %s",
                _excerpt(datum),
                self._key,
                _reason(datum, exc),
                extra={"spider": self._spider},
            )
            self._crawler.stats.inc_value("start_urls/bad")
            self._bad.append(url_number)
        else:
            self._crawler.stats.inc_value("start_urls/read")
            self._taken.append(url_number)

    def _crawl(self, request: Request) -> None:
        if not isinstance(request, Request):
            raise TypeError(
                f"make_request_from_data() returned a {type(request).__name__}, not a Request"
            )
        request.meta.pop(LEASE, None)  # a pushed URL must not ack another request's lease
        if request.meta.get("is_start_request"):
            request.dont_filter = False
        self._dropped = False
        self._crawler.engine.crawl(request)
        if self._dropped:
            raise ValueError("the frontier cannot store its request; the error before says why")

    # Signals

    def _on_dropped(self) -> None:
        self._dropped = True

    def _on_idle(self) -> None:
        running = self._feeding is not None and not self._feeding.done()
        if running and self._idle_s < self._idle_limit_s:
            raise DontCloseSpider

    async def _on_closed(self) -> None:
        """Finish the start URLs that the closed scheduler has made durable, put back the others."""
        self._start_urls.hurry()
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks, timeout=_CLOSE_S)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_S):
                    await self._finish()
            if back := await self._start_urls.close():
                logger.info(
                    "%d start URLs were put back into %s",
                    back,
                    self._key,
                    extra={"spider": self._spider},
                )
        except CrawlprojError as exc:
            logger.error(
                "The start URLs that this worker had taken could not be put back (%s): another "
                "worker will do that within %.0f s",
                exc,
                ALIVE_S * 4 / 3,
                extra={"spider": self._spider},
            )


def _kind_of(settings: BaseSettings) -> Kind:
    if boolean(settings, "REDIS_START_URLS_AS_SET"):
        return Kind.SET
    return Kind.ZSET if boolean(settings, "REDIS_START_URLS_AS_ZSET") else Kind.LIST


def _reason(datum: bytes, exc: Exception) -> str:
    if datum.lstrip().startswith(b"{"):  # the mixin takes malformed JSON for a URL
        try:
            json.loads(datum)
        except ValueError as not_json:
            return f"not JSON: {not_json}"
    return f"{type(exc).__name__}: {exc}"


def _excerpt(datum: bytes) -> str:
    text = datum[: _MAX_LOGGED + 1].decode("utf-8", "backslashreplace")
    return repr(text if len(text) <= _MAX_LOGGED else f"{text[:_MAX_LOGGED]}…")
