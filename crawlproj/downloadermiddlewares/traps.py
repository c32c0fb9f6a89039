"""Skips the requests that lead into traps, before their robots.txt is fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http.request import NO_CALLBACK

from crawlproj.frontier.base import State
from crawlproj.links.traps import SITEMAP, Traps
from crawlproj.scheduling.checks import check_of

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

__all__ = ["InTrap", "TrapMiddleware"]


class InTrap(IgnoreRequest):
    """The URL is in a trap, or beyond a budget; the message says in which."""

    frontier_outcome = (State.SKIPPED, "trap")


class TrapMiddleware:
    """Asks the spider's ``traps`` about each request."""

    def __init__(self, traps: Traps) -> None:
        self._traps = traps

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> TrapMiddleware:
        """Build the middleware. Raises NotConfigured if the spider has no ``traps``."""
        traps = getattr(crawler.spider, "traps", None)
        if not isinstance(traps, Traps):
            raise NotConfigured
        return cls(traps)

    def process_request(self, request: Request) -> None:
        """Raise InTrap if the request leads into a trap.

        Those for a robots.txt, or a file of a media pipeline, belong to a page that is fetched. A
        page that is checked was counted when it was found.
        """
        if request.callback is NO_CALLBACK or check_of(request) is not None:
            return
        meta = request.meta
        why = self._traps.why_not(request.url, meta.get("depth", 0), sitemap=SITEMAP in meta)
        if why:
            raise InTrap(why)
