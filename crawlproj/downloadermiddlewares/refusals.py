"""Sends refused requests again once the project's own middlewares have seen the refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.downloadermiddlewares.retries import once_more
from crawlproj.scheduling.serialize import REFUSED

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

__all__ = ["RefusalsMiddleware"]


class RefusalsMiddleware:
    """Makes the retries that ConcurrencyMiddleware has granted, where Scrapy makes its own.

    Middlewares of a project that change the proxy, start a new session or close the crawl see a
    refusal before RetryMiddleware (550) does, and may answer it with a request of their own.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RefusalsMiddleware:
        """Build the middleware."""
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Response | Request:
        """Return ``response``, or the request for the retry."""
        return once_more(self._crawler, request) if REFUSED in request.meta else response

    def process_exception(
        self,
        request: Request,
        exception: Exception,  # noqa: ARG002 - Scrapy passes it
    ) -> Request | None:
        """Return the request for the retry, if any."""
        return once_more(self._crawler, request) if REFUSED in request.meta else None
