"""Sends requests again: which, how often, and after how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.limits.ending import Ending, Verdict
from crawlproj.scheduling.serialize import REFUSALS, RETRY_AT

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from scrapy import Request
    from scrapy.crawler import Crawler

MAX_BACK_OFF_S = 60.0
_FIRST_BACK_OFF_S = 1.0


def was_sent_before(request: Request) -> bool:
    """Return whether ``request`` was sent before, without success."""
    return REFUSALS in request.meta or "retry_times" in request.meta


def back_off_s(earlier: int) -> float:
    """Return the seconds to wait before a retry after so many earlier ones: 1, 2, 4, … 60."""
    return min(MAX_BACK_OFF_S, _FIRST_BACK_OFF_S * 2.0 ** min(6, earlier))


class Retries:
    """Sends refused requests again, later, and delays the retries of others.

    most: how often a request that is refused is sent again without counting an attempt.
    clock: unix seconds.
    """

    def __init__(
        self, crawler: Crawler, most: int, clock: Callable[[], float], rng: random.Random
    ) -> None:
        self._enabled = crawler.settings.getbool("RETRY_ENABLED")
        self._crawler = crawler
        self._most = most
        self._clock = clock
        self._rng = rng

    def again(self, request: Request, ending: Ending) -> Request | None:
        """Return the request for a later retry that is not counted; None if none is allowed."""
        refusals = request.meta.get(REFUSALS, 0)
        allowed = self._enabled and not request.meta.get("dont_retry")
        if not allowed or refusals >= self._most:
            return None
        self._crawler.stats.inc_value("concurrency/refused")
        again = request.replace(dont_filter=True)
        again.meta[REFUSALS] = refusals + 1
        wait_s = ending.retry_after_s
        if wait_s is None:
            wait_s = back_off_s(0 if ending.verdict is Verdict.THROTTLED else refusals)
        again.meta[RETRY_AT] = self._clock() + wait_s
        return again

    def put_off(self, request: Request, ending: Ending) -> None:
        """Delay the retry that Scrapy's middleware may make of this request."""
        wait_s = back_off_s(request.meta.get("retry_times", 0)) * self._rng.uniform(0.75, 1.25)
        request.meta[RETRY_AT] = self._clock() + max(wait_s, ending.retry_after_s or 0.0)
