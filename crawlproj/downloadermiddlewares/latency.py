"""Records how long each phase of a request took."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.exceptions import NotConfigured

from crawlproj.config import boolean
from crawlproj.downloadermiddlewares.scraper_timing import time_scraper
from crawlproj.frontier.base import State
from crawlproj.latency import recorder_of
from crawlproj.reasons import outcome_of
from crawlproj.urls import site_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

__all__ = ["LatencyMiddleware"]

_STARTED = "latency_started"  # meta key, present only between process_request and the answer


class LatencyMiddleware:
    """Records into ``latency.recorder_of(crawler)``, unless LATENCY_ENABLED is off.

    Place it next to the downloader (970): a middleware in between that answers a response with a
    new request, as the concurrency middleware does for a 429, would hide the response from it.

    Every download counts, including robots.txt, retries and redirects. Requests that another
    middleware answers or refuses do not count, nor do those cancelled by the crawl itself. The
    phases are the download handler's ``meta["timings"]``. Other handlers only provide
    ``meta["download_latency"]``, which becomes ttfb. The scheduler provides
    ``meta["permit_wait"]`` (seconds).

    A status of 400 or above is an error ("http-404"). Exceptions are statuses of 4xx other than 429
    that the request accepts (handle_httpstatus_list, handle_httpstatus_all), because a site without
    a robots.txt has no problem.

    The phases callback and pipelines come from scraper_timing.py.
    """

    def __init__(self, crawler: Crawler, clock: Callable[[], float] = perf_counter) -> None:
        if not boolean(crawler.settings, "LATENCY_ENABLED", default=True):
            raise NotConfigured
        self._crawler = crawler
        self._clock = clock
        self._recorder = recorder_of(crawler)
        crawler.signals.connect(self._on_opened, signals.spider_opened)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> LatencyMiddleware:
        """Build the middleware. Raises NotConfigured if LATENCY_ENABLED is off."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Note the start of a download."""
        meta = request.meta
        # These may be copies, from an earlier attempt or from the page with the link.
        meta.pop("timings", None)
        meta.pop("download_latency", None)
        meta[_STARTED] = self._clock()

    def process_response(self, request: Request, response: Response) -> Response:
        """Record a download with an answer."""
        if _STARTED in request.meta:
            self._record(request, _reason_of(request, response.status))
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Record a download that failed."""
        if _STARTED in request.meta:
            state, reason = outcome_of(exception)
            if state is State.SKIPPED or reason == "cancelled":
                del request.meta[_STARTED]
            else:
                self._record(request, reason)

    def _record(self, request: Request, reason: str) -> None:
        meta = request.meta
        started = meta.pop(_STARTED)
        phases: dict[str, float] = {"permit": meta.get("permit_wait", 0.0)}
        if "timings" in meta:
            phases.update(meta["timings"])
        else:
            phases["ttfb"] = meta.get("download_latency") or self._clock() - started
        self._recorder.record(site_of(request.url), phases, reason)

    def _on_opened(self) -> None:
        time_scraper(self._crawler.engine.scraper, self._recorder, self._clock)


def _reason_of(request: Request, status: int) -> str:
    if status < 400:
        return ""
    if status < 500 and status != 429:
        meta = request.meta
        if meta.get("handle_httpstatus_all") or status in meta.get("handle_httpstatus_list", ()):
            return ""
    return f"http-{status}"
