"""Prometheus metrics, read from what the crawl knows anyway whenever somebody asks."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.aiohttp import make_aiohttp_handler
from scrapy import signals
from scrapy.exceptions import NotConfigured
from scrapy.utils.asyncio import is_asyncio_available

from crawlproj.config import integer, text
from crawlproj.errors import ConfigError
from crawlproj.extensions.metric_families import CrawlCollector, CrawlNow
from crawlproj.latency import recorder_of
from crawlproj.scheduler import scheduler_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

__all__ = ["Metrics"]

logger = logging.getLogger(__name__)

_CLOSE_WAIT_S = 1.0


class Metrics:
    """Serves /metrics on METRICS_HOST:METRICS_PORT during the crawl; off while METRICS_PORT is 0.

    A page costs nothing: a scrape reads the latency recorder, the scheduler and the stats. It runs
    on the event loop, so it never sees a number half changed. Sites beyond the METRICS_MAX_SITES
    busiest are one, ``site="other"``.

    A port that is taken is an error in the log; the crawl goes on.
    """

    def __init__(self, crawler: Crawler) -> None:
        settings = crawler.settings
        self._port = integer(settings, "METRICS_PORT", 0)
        if not self._port:
            raise NotConfigured
        if self._port > 65535:
            raise ConfigError(f"METRICS_PORT must be at most 65535, not {self._port}")
        self._host = text(settings, "METRICS_HOST", "127.0.0.1")
        self._crawler = crawler
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        max_sites = integer(settings, "METRICS_MAX_SITES", 50)
        self._registry.register(CrawlCollector(self._now, max_sites))
        self._runner: web.AppRunner | None = None
        crawler.signals.connect(self._on_opened, signals.spider_opened)
        crawler.signals.connect(self._on_closed, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Metrics:
        """Make it; NotConfigured without METRICS_PORT, ConfigError for a wrong setting."""
        return cls(crawler)

    async def _on_opened(self) -> None:
        if not is_asyncio_available():
            logger.error("METRICS_PORT needs asyncio, which this reactor is not")
            return
        app = web.Application()
        app.router.add_get("/metrics", make_aiohttp_handler(self._registry))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSE_WAIT_S)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as exc:
            await runner.cleanup()
            logger.error(
                "No metrics: METRICS_PORT %d of METRICS_HOST %s cannot be listened on (%s). "
                "The crawl goes on; give another crawl on this machine another port",
                self._port,
                self._host,
                exc.strerror or exc,
            )
            return
        self._runner = runner
        logger.info("Metrics are at http://%s:%d/metrics", self._host, self._port)

    async def _on_closed(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    def _now(self) -> CrawlNow:
        crawler = self._crawler
        ours = scheduler_of(crawler)
        return CrawlNow(
            recorder=recorder_of(crawler),
            in_flight=len(crawler.engine.downloader.active),
            response_bytes=crawler.stats.get_value("downloader/response_bytes", 0),
            totals=ours.totals if ours else None,
            queued=ours.totals.pending + ours.waiting if ours else None,
            pages=ours.tally.done if ours else None,
            permits=ours.permits if ours else None,
        )
