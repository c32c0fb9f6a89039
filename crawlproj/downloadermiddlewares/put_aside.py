"""Fails the pages that killed the process too often, before they are fetched again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import IgnoreRequest

from crawlproj.frontier.base import State
from crawlproj.scheduler import scheduler_of

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

__all__ = ["KilledProcess", "PutAsideMiddleware"]


class KilledProcess(IgnoreRequest):
    """The page was being handled when the process died, three times."""

    frontier_outcome = (State.FAILED, "killed-worker")


class PutAsideMiddleware:
    """Raises KilledProcess for the URLs in the scheduler's ``put_aside``."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> PutAsideMiddleware:
        """Build the middleware."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Raise KilledProcess if the page is put aside."""
        scheduler = scheduler_of(self._crawler)
        if scheduler is not None and scheduler.put_aside and request.url in scheduler.put_aside:
            raise KilledProcess("three runs were killed while they handled this page")
