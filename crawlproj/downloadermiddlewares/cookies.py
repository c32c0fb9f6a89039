"""Keeps cookies, within bounds."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Self

from scrapy import signals

from crawlproj._scrapy.cookies import BoundedCookieJar, OfflineCookiesMiddleware
from crawlproj.scheduler import scheduler_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

__all__ = ["CookiesMiddleware"]


class CookiesMiddleware(OfflineCookiesMiddleware):
    """Scrapy's middleware with its settings. Enabled by COOKIES_ENABLED.

    Reads what sites set as browsers do. Each jar keeps up to 180 cookies of a registrable domain,
    those set last, of up to 4,096 bytes. Nobody can set a cookie for a public suffix; the list of
    those is not downloaded.

    Cookies live in memory, so a crawl that continues is without those of its earlier runs. It logs
    that, because a spider that had logged in gets other pages then.
    """

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self.jars = defaultdict(BoundedCookieJar)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware. Raises NotConfigured if COOKIES_ENABLED is off."""
        middleware = super().from_crawler(crawler)

        def tell() -> None:
            scheduler = scheduler_of(crawler)
            if scheduler is not None and scheduler.opened is not None and scheduler.opened.resumed:
                logger.info(
                    "Cookies of earlier runs are gone: if the spider logs in, let interrupted "
                    'crawls of it begin anew (FRONTIER_URL = "memory:" in its custom_settings)'
                )

        crawler.signals.connect(tell, signals.spider_opened, weak=False)
        return middleware
