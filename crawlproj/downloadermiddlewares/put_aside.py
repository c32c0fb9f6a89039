"""Handles pages that may have killed the process after all others, and fails them in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import IgnoreRequest

from crawlproj.fleet.quarantine import KILLS, REASON
from crawlproj.frontier.base import State
from crawlproj.scheduler import scheduler_of

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

__all__ = ["KilledProcess", "PutAsideMiddleware"]

_LAST = "tried_last"  # in Request.meta
_LAST_PRIORITY = -1_000_000


class KilledProcess(IgnoreRequest):
    """The page was being handled when the process died, three times."""

    frontier_outcome = (State.FAILED, REASON)


class PutAsideMiddleware:
    """Puts a page that was being handled at a death behind the others; fails it after the third.

    A run may be killed for another reason. If that happens at the same point of each run, such as
    its first seconds, another page is being handled there the next time, and so no page is blamed
    for it three times.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> PutAsideMiddleware:
        """Build the middleware."""
        return cls(crawler)

    def process_request(self, request: Request) -> Request | None:
        """Return the request with the lowest priority, once.

        Raises KilledProcess after the third death.
        """
        scheduler = scheduler_of(self._crawler)
        if scheduler is None or not scheduler.deaths:
            return None
        deaths = scheduler.deaths.get(request.url, 0)
        if deaths >= KILLS:
            raise KilledProcess(f"{KILLS} runs were killed while they handled this page")
        if not deaths or _LAST in request.meta:
            return None
        last = {**request.meta, _LAST: True}
        return request.replace(priority=_LAST_PRIORITY, meta=last, dont_filter=True)
