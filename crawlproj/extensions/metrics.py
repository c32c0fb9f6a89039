"""Serves Prometheus metrics, collected when they are scraped."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.exceptions import NotConfigured
from scrapy.utils.asyncio import is_asyncio_available

from crawlproj.config import integer, text
from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

__all__ = ["Metrics"]

logger = logging.getLogger(__name__)


class Metrics:
    """Serves /metrics on METRICS_HOST:METRICS_PORT during the crawl; off while METRICS_PORT is 0.

    Pages cost nothing extra: a scrape reads the latency recorder, the scheduler and the stats. It
    runs on the event loop, so its numbers are consistent. Sites beyond the METRICS_MAX_SITES
    busiest are combined as ``site="other"``.

    If the port is taken, this logs an error and the crawl continues.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler, settings = crawler, crawler.settings
        self._port = integer(settings, "METRICS_PORT", 0)
        if not self._port:
            raise NotConfigured
        if self._port > 65535:
            raise ConfigError(f"METRICS_PORT must be at most 65535, not {self._port}")
        self._host = text(settings, "METRICS_HOST", "127.0.0.1")
        max_sites = integer(settings, "METRICS_MAX_SITES", 50)
        # Most crawls have no METRICS_PORT, and start faster without the Prometheus client.
        from crawlproj.extensions.metrics_server import MetricsServer  # noqa: PLC0415

        self._server = MetricsServer(crawler, max_sites)
        crawler.signals.connect(self._on_opened, signals.spider_opened)
        crawler.signals.connect(self._on_closed, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Metrics:
        """Build the extension. Raises NotConfigured without METRICS_PORT, or ConfigError."""
        return cls(crawler)

    async def _on_opened(self) -> None:
        if not is_asyncio_available():
            logger.error(
                "METRICS_PORT needs the asyncio reactor; set TWISTED_REACTOR to "
                "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
                extra={"spider": self._crawler.spider},
            )
            return
        try:
            await self._server.start(self._host, self._port)
        except OSError as exc:
            logger.error(
                "No metrics: cannot listen on %s:%d (%s). The crawl continues. Set another "
                "METRICS_PORT, or METRICS_HOST to an address of this machine",
                self._host,
                self._port,
                exc.strerror or exc,
                extra={"spider": self._crawler.spider},
            )
            return
        logger.info(
            "Metrics are at http://%s:%d/metrics",
            self._host,
            self._port,
            extra={"spider": self._crawler.spider},
        )

    async def _on_closed(self) -> None:
        await self._server.stop()
