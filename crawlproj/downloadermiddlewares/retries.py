"""Sends requests again: which, how often, and after how long."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from scrapy.exceptions import DownloadCancelledError

from crawlproj._scrapy.engine import is_closing
from crawlproj._scrapy.handled_statuses import handles_status
from crawlproj._scrapy.retry_chain import RetryChain, retry_chain
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.scheduling.serialize import REFUSALS, REFUSED, RETRY_AT

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from scrapy import Request
    from scrapy.crawler import Crawler

MAX_BACK_OFF_S = 60.0
_FIRST_BACK_OFF_S = 1.0


def earlier_failures(request: Request) -> int:
    """Return how often ``request`` was sent before, without success."""
    return int(request.meta.get(REFUSALS, 0)) + int(request.meta.get("retry_times", 0))


def back_off_s(earlier: int) -> float:
    """Return the seconds to wait before a retry after so many earlier ones: 1, 2, 4, … 60."""
    return min(MAX_BACK_OFF_S, _FIRST_BACK_OFF_S * 2.0 ** min(6, earlier))


def once_more(crawler: Crawler, refused: Request) -> Request:
    """Return the request for a retry of ``refused`` that counts as no attempt."""
    assert crawler.stats is not None  # noqa: S101 - there is a crawl
    crawler.stats.inc_value("concurrency/refused")
    again = refused.replace(dont_filter=True)
    again.meta.pop(REFUSED, None)
    again.meta[REFUSALS] = refused.meta.get(REFUSALS, 0) + 1
    return again


class Retries:
    """Says which refused requests are sent again, later, and delays the retries of others.

    below: the middleware that asks. most: how often a request that is refused is sent again
    without counting an attempt. clock: unix seconds.

    Who says how often a page is tried means refusals, too: each of them counts as an attempt if
    the project sets RETRY_TIMES (and not CONCURRENCY_REFUSALS), and of a request that has
    ``max_retry_times``. Whatever excuses a page is none, unless that number is 0.

    A project whose middlewares see refusals before Scrapy's RetryMiddleware does has them first,
    and one that has put another in its place, or none, decides alone.
    """

    def __init__(
        self,
        crawler: Crawler,
        below: object,
        most: int,
        clock: Callable[[], float],
        rng: random.Random,
    ) -> None:
        settings = crawler.settings
        self._enabled = settings.getbool("RETRY_ENABLED")
        self._statuses = frozenset(map(int, settings.getlist("RETRY_HTTP_CODES")))
        chosen = settings.getpriority("RETRY_TIMES") and not settings.getpriority(
            "CONCURRENCY_REFUSALS"
        )
        self._times = settings.getint("RETRY_TIMES") if chosen else None
        self._crawler = crawler
        self._below = below
        self._chain: RetryChain | None = None
        self._most = most
        self._clock = clock
        self._rng = rng

    def allows(self, request: Request, status: int, *, excused: bool) -> bool:
        """Return whether ``request`` is sent again without counting an attempt.

        status: that of its answer; 0 without one. excused: whether the failure is not the page's.
        """
        meta = request.meta
        if not self._enabled or meta.get("dont_retry") or meta.get(REFUSALS, 0) >= self._most:
            return False
        times = meta.get("max_retry_times", self._times)
        if excused or times == 0:
            return times != 0
        # A spider that wants the answer gets those that Scrapy does not retry at once.
        if (
            status
            and status not in self._statuses
            and handles_status(self._crawler, request, status)
        ):
            return False
        return times is None

    def again(self, request: Request, ending: Ending) -> Request | None:
        """Return the request for a retry that is not counted; None if the project decides first."""
        if self._chain is None:
            self._chain = retry_chain(self._crawler, self._below)
        if not self._chain.retries:
            self.put_off(request, ending)
            return None
        wait_s = ending.retry_after_s
        if wait_s is None:
            soon = ending.tries or ending.verdict is Verdict.THROTTLED
            wait_s = back_off_s(0 if soon else request.meta.get(REFUSALS, 0))
        request.meta[RETRY_AT] = self._clock() + wait_s
        if not self._chain.others:
            return once_more(self._crawler, request)
        request.meta[REFUSED] = True  # for RefusalsMiddleware
        return None

    async def wait_until(self, until: float) -> None:
        """Wait until ``until``, or raise as soon as the crawl stops."""
        while (wait_s := until - self._clock()) > 0:
            if is_closing(self._crawler.engine):
                raise DownloadCancelledError("the crawl is being stopped")
            await asyncio.sleep(min(1.0, wait_s))

    def put_off(self, request: Request, ending: Ending) -> None:
        """Delay the retry that Scrapy's middleware, or one of the project, may make."""
        wait_s = back_off_s(request.meta.get("retry_times", 0)) * self._rng.uniform(0.75, 1.25)
        request.meta[RETRY_AT] = self._clock() + max(wait_s, ending.retry_after_s or 0.0)
