"""The HTTP server behind the Metrics extension. Imports the Prometheus client, so on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.aiohttp import make_aiohttp_handler

from crawlproj.extensions.metric_families import CrawlCollector, CrawlNow
from crawlproj.latency import recorder_of
from crawlproj.scheduler import scheduler_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

_CLOSE_WAIT_S = 1.0


class MetricsServer:
    """Serves ``/metrics`` of a crawl, with the ``max_sites`` busiest sites by name."""

    def __init__(self, crawler: Crawler, max_sites: int) -> None:
        self._crawler = crawler
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(CrawlCollector(self._now, max_sites))
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen on a running event loop. Raises OSError if that address cannot be listened on."""
        app = web.Application()
        app.router.add_get("/metrics", make_aiohttp_handler(self._registry))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSE_WAIT_S)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop listening, if it does."""
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
            totals=ours.totals if ours is not None else None,
            queued=ours.totals.pending + ours.waiting if ours is not None else None,
            pages=ours.tally.done if ours is not None else None,
            permits=ours.permits if ours is not None else None,
        )
