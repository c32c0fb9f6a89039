"""Shows how the crawl goes: a live display or log lines, and a summary at the end."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from scrapy import signals
from scrapy.exceptions import NotConfigured
from scrapy.utils.log import get_scrapy_root_handler

from crawlproj.config import boolean, number
from crawlproj.extensions.display import Snapshot, live_view, log_line, summary_table
from crawlproj.scheduler import Scheduler

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

_REFRESH_S = 0.5
_RATE_OVER_S = 5.0


class Progress:
    """On while PROGRESS_ENABLED is; a log line every PROGRESS_INTERVAL seconds off a terminal.

    Standard error is where both go, so that standard output stays for what the user asked for.
    """

    def __init__(self, crawler: Crawler) -> None:
        if not boolean(crawler.settings, "PROGRESS_ENABLED", default=True):
            raise NotConfigured
        self._interval_s = number(crawler.settings, "PROGRESS_INTERVAL", 30.0, at_least=1.0)
        self._crawler = crawler
        self._console = Console(stderr=True)
        self._live: Live | None = None
        self._task: asyncio.Task[None] | None = None
        self._started_at = time.monotonic()
        self._rates: list[tuple[float, int]] = []
        self._log_stream: object = None
        crawler.signals.connect(self._opened, signals.spider_opened)
        crawler.signals.connect(self._closed, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Progress:
        """Make it; NotConfigured when PROGRESS_ENABLED is off."""
        return cls(crawler)

    def _opened(self) -> None:
        scheduler = self._crawler.engine.scheduler
        if not isinstance(scheduler, Scheduler) or scheduler.opened is None:
            return
        self._started_at = time.monotonic()
        handler = get_scrapy_root_handler()
        to_terminal = isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr
        if self._console.is_terminal and to_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
            # Live puts log lines above the display when they go through its standard error.
            handler.setStream(sys.stderr)  # type: ignore[union-attr]
        self._task = asyncio.ensure_future(self._run(scheduler))

    async def _run(self, scheduler: Scheduler) -> None:
        logged_at = time.monotonic()
        while True:
            await asyncio.sleep(_REFRESH_S)
            snapshot = self._snapshot(scheduler)
            if self._live is not None:
                self._live.update(live_view(snapshot, self._console.width), refresh=True)
            elif time.monotonic() - logged_at >= self._interval_s:
                logged_at = time.monotonic()
                logger.info("%s", log_line(snapshot))

    def _closed(self, reason: str) -> None:
        if self._task is not None:
            self._task.cancel()
        if self._live is not None:
            self._live.stop()
            handler = get_scrapy_root_handler()
            if isinstance(handler, logging.StreamHandler):
                handler.setStream(sys.stderr)
            self._live = None
        scheduler = self._crawler.engine.scheduler
        if isinstance(scheduler, Scheduler) and scheduler.opened is not None:
            table = summary_table(self._snapshot(scheduler), reason)
            self._console.print(table)

    def _snapshot(self, scheduler: Scheduler) -> Snapshot:
        now = time.monotonic()
        self._rates.append((now, scheduler.tally.done))
        while len(self._rates) > 2 and self._rates[0][0] < now - _RATE_OVER_S:
            del self._rates[0]
        (since, before), (_, done) = self._rates[0], self._rates[-1]
        config = scheduler.config
        return Snapshot(
            spider=self._crawler.spider.name if self._crawler.spider else "",
            elapsed_s=now - self._started_at,
            pages_per_s=(done - before) / (now - since) if now > since else 0.0,
            in_flight=len(self._crawler.engine.downloader.active),
            queued=scheduler.totals.pending + scheduler.waiting,
            totals=scheduler.totals,
            tally=scheduler.tally,
            active_sites=scheduler.permits.active(),
            finished=scheduler.finished,
            generation=scheduler.opened.generation if scheduler.opened else 0,
            places=(
                f"frontier {config.frontier_url}",
                f"store {self._crawler.settings.get('STORE_URL') or 'none'}",
            ),
        )
