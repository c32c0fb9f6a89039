"""Counts the requests that Scrapy's limits on depth and URL length leave out, as skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import NotConfigured
from scrapy.spidermiddlewares.base import BaseSpiderMiddleware
from scrapy.spidermiddlewares.urllength import UrlLengthMiddleware

from crawlproj.config import integer
from crawlproj.scheduler import scheduler_of
from crawlproj.scheduling.cuts import Holds

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

__all__ = ["CountingUrlLengthMiddleware", "DepthLimitMiddleware"]


class CountingUrlLengthMiddleware(UrlLengthMiddleware):
    """Scrapy's UrlLengthMiddleware; what it leaves out ends as skipped("url-length")."""

    def get_processed_request(self, request: Request, response: Response | None) -> Request | None:
        """Return ``request``, or None if its URL is longer than URLLENGTH_LIMIT."""
        kept = super().get_processed_request(request, response)
        if kept is None:
            depth = request.meta.get("depth", 0)
            cut(self.crawler, request, "url-length", depth=depth)
        return kept


class DepthLimitMiddleware(BaseSpiderMiddleware):
    """Leaves out what DepthMiddleware would, before it does, as skipped("depth")."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._max_depth = integer(crawler.settings, "DEPTH_LIMIT", 0)
        if not self._max_depth:
            raise NotConfigured

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware. Raises NotConfigured if DEPTH_LIMIT is 0."""
        return cls(crawler)

    def get_processed_request(self, request: Request, response: Response | None) -> Request | None:
        """Return ``request``, or None if it is deeper than DEPTH_LIMIT."""
        if response is None or request.meta.get("depth_reset"):
            return request
        depth = response.meta.get("depth", 0) + 1
        if depth <= self._max_depth:
            return request
        self.crawler.stats.inc_value("depth/request_ignored_count")
        cut(self.crawler, request, "depth", depth=depth, holds=Holds.HERE)
        return None


def cut(
    crawler: Crawler, request: Request, reason: str, *, depth: int, holds: Holds = Holds.FOR_GOOD
) -> None:
    """Count ``request`` as skipped for ``reason``, if the scheduler is this project's."""
    scheduler = scheduler_of(crawler)
    if scheduler is not None:
        scheduler.cuts.add(request.url, reason, depth=depth, holds=holds)
