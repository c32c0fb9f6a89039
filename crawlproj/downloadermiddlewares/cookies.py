"""Keeps cookies, within bounds."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Self

from scrapy import signals
from scrapy.utils.httpobj import urlparse_cached

from crawlproj._scrapy.cookies import BoundedCookieJar, OfflineCookiesMiddleware
from crawlproj.downloadermiddlewares.sent_cookies import SentCookies
from crawlproj.frontier.url import job_file
from crawlproj.scheduler import scheduler_of

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

__all__ = ["CookiesMiddleware"]


class CookiesMiddleware(OfflineCookiesMiddleware):
    """Scrapy's middleware with its settings. Enabled by COOKIES_ENABLED.

    Reads what sites set as browsers do. Each jar keeps up to 180 cookies of a registrable domain,
    those set last, of up to 4,096 bytes. Nobody can set a cookie for a public suffix; the list of
    those is not downloaded.

    Cookies live in memory, so a crawl that continues is without those of its earlier runs. If any
    had gone to a site, it warns, because a spider that had logged in takes the login page for each
    of its pages then. Workers of a shared frontier do not: each has cookies of its own anyway.
    """

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self.jars = defaultdict(BoundedCookieJar)
        self._sent = SentCookies(None)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware. Raises NotConfigured if COOKIES_ENABLED is off."""
        middleware = super().from_crawler(crawler)
        connect = crawler.signals.connect
        connect(lambda: middleware.begin(crawler), signals.spider_opened, weak=False)
        connect(lambda: middleware.close(crawler), signals.spider_closed, weak=False)
        return middleware

    def process_request(  # type: ignore[override]  # Scrapy deprecates its spider argument
        self, request: Request
    ) -> None:
        """Add the cookies that the jar has for ``request``."""
        super().process_request(request)
        if b"Cookie" not in request.headers or request.meta.get("dont_merge_cookies", False):
            return
        if not request.cookies:  # those are stored with the request and are not lost
            self._sent.note(urlparse_cached(request).hostname or "")

    def begin(self, crawler: Crawler) -> None:
        """Warn if the crawl goes on without cookies that an earlier run had sent."""
        scheduler = scheduler_of(crawler)
        if scheduler is None or scheduler.opened is None:
            return
        self._sent = SentCookies(job_file(scheduler.config.frontier_url, scheduler.job, "cookies"))
        if not scheduler.opened.resumed:
            self._sent.forget()
        elif hosts := self._sent.hosts:
            logger.warning(
                "This crawl continues without the cookies of its earlier runs, which had sent some "
                "to %s. If the spider had logged in, begin anew (-s FRONTIER_RESET=1), and keep "
                'such crawls in memory (FRONTIER_URL = "memory:" in its custom_settings)',
                ", ".join(hosts),
                extra={"spider": crawler.spider},
            )

    def close(self, crawler: Crawler) -> None:
        """Forget the hosts if nothing is left to continue."""
        scheduler = scheduler_of(crawler)
        if scheduler is not None and scheduler.finished:
            self._sent.forget()
