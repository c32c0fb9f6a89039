"""Follows <meta http-equiv=refresh>, but not from a page to itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.redirect import MetaRefreshMiddleware as ScrapysMiddleware
from scrapy.http import HtmlResponse

from crawlproj._scrapy.redirects import SafeRedirects
from crawlproj.content.page import content_of
from crawlproj.urls import normalize

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

__all__ = ["MetaRefreshMiddleware"]

_PRESCAN_BYTES = 16_384  # Scrapy looks at the first 4,096 characters


class MetaRefreshMiddleware(SafeRedirects, ScrapysMiddleware):
    """Scrapy's middleware with its settings. A page that refreshes itself is the page.

    News tickers and status pages ask browsers to load them again every minute. Scrapy takes that
    for a redirect, until there were too many, and loses the page.
    """

    def process_response(  # type: ignore[override]  # Scrapy deprecates its spider argument
        self, request: Request, response: Response
    ) -> Request | Response:
        """Return a request for the page that ``response`` refreshes to, or ``response``."""
        if not isinstance(response, HtmlResponse):
            return response
        start = response.body[:_PRESCAN_BYTES]
        # A zero byte may be UTF-16, where nothing is ASCII. A pattern that ignores case would take
        # 15 times as long.
        if b"refresh" not in start.lower() and b"\0" not in start:
            return response
        if not _leads_elsewhere(response):
            return response
        return super().process_response(request, response)


def _leads_elsewhere(response: HtmlResponse) -> bool:
    page = content_of(response)
    target = normalize(page.refresh_url or "") if page is not None else None
    return target is not None and target != normalize(response.url)
