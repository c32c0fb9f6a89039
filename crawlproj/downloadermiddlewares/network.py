"""Puts back the requests that failed through no fault of their site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.http.failures import trouble_of
from crawlproj.reasons import detail_of
from crawlproj.scheduler import scheduler_of

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawlproj.limits.network import Trouble
    from crawlproj.scheduler import Scheduler

__all__ = ["NetworkMiddleware"]


class NetworkMiddleware:
    """Tells the scheduler's ``network_pause`` what answers and what fails, and does what it says.

    A scheduled request that fails because the network is away goes back to the frontier as if it
    had not been sent. Any other request, such as one for robots.txt, waits and is sent again.

    Place it next to the downloader, so that no other middleware sees these failures, but above
    AccessMiddleware, which then has taken its secrets away.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        access = getattr(crawler.spider, "access", None)
        self._proxy: str | None = getattr(access, "proxy", None) or None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> NetworkMiddleware:
        """Build the middleware."""
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Response:
        """Note that the site is there."""
        scheduler = scheduler_of(self._crawler)
        if scheduler is not None and "cached" not in response.flags:
            place = self._place(request)
            if place.startswith("http"):  # no other place can be asked; data: URLs need no network
                scheduler.network_pause.on_answer(place)
        return response

    def process_exception(
        self, request: Request, exception: Exception
    ) -> Coroutine[None, None, Request | None] | None:
        """Return the request, to be sent again later, if the network is away."""
        scheduler = scheduler_of(self._crawler)
        trouble = trouble_of(exception)
        if scheduler is None or trouble is None:
            return None
        return self._judge(scheduler, request, exception, trouble)

    async def _judge(
        self, scheduler: Scheduler, request: Request, exception: Exception, trouble: Trouble
    ) -> Request | None:
        pause = scheduler.network_pause
        after_s = sum(request.meta.get("timings", {}).values())
        detail = detail_of(exception)
        if not await pause.is_ours(self._place(request), trouble, after_s, detail):
            return None
        self._crawler.stats.inc_value("network/put_back")
        if not scheduler.admission.put_back(request):
            await pause.over()
        return request.replace(dont_filter=True)

    def _place(self, request: Request) -> str:
        """Return what ``request`` connects to, as "scheme://host:port"."""
        url = request.url
        if (proxy := self._proxy or request.meta.get("proxy")) is not None:
            url = proxy if "://" in proxy else f"http://{proxy}"
        end = url.find("/", 8)
        return url[:end] if end > 0 else url
