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

    Cookies live in memory, so a crawl that continues is without those of its earlier runs. It warns
    of that, because a spider that had logged in takes the login page for each of its pages then.
    """

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self.jars = defaultdict(BoundedCookieJar)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware. Raises NotConfigured if COOKIES_ENABLED is off."""
        middleware = super().from_crawler(crawler)

        def warn() -> None:
            scheduler = scheduler_of(crawler)
            if scheduler is None or scheduler.opened is None or scheduler.backend.shared:
                return  # a worker of several joins a crawl that goes on
            if scheduler.opened.resumed:
                logger.warning(
                    "This crawl continues without the cookies of its earlier runs. If the spider "
                    "had logged in, begin anew (-s FRONTIER_RESET=1), and keep such crawls in "
                    'memory (FRONTIER_URL = "memory:" in its custom_settings)'
                )

        crawler.signals.connect(warn, signals.spider_opened, weak=False)
        return middleware
