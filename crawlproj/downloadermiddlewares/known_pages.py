"""Asks a site for a page that it has answered before, to learn whose fault it is if others fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj._scrapy.routes import on_the_way_of
from crawlproj.downloadermiddlewares.verdicts import ending_of_response
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.scheduling.direct import begin_way

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

_MAX_SITES = 10_000
# Its cookies are not those of the crawl, which an answer without them might replace.
_META = {"dont_retry": True, "dont_merge_cookies": True}
_NO_ANSWER = Ending(Verdict.OVERLOADED)


class KnownPages:
    """The latest page of each site that was answered with status 200.

    If a site counts as down, and then only pages are left that hang, or whose connections it
    resets, each probe is one of them and fails. A page that was answered before shows which it is:
    its robots.txt would not do, because a cache may send that for a site that is away.
    """

    def __init__(self, crawler: Crawler, clock: Callable[[], float]) -> None:
        self._crawler = crawler
        self._clock = clock
        self._urls: dict[str, str] = {}

    def note(self, site: str, request: Request, response: Response) -> None:
        """Keep the URL of ``request``, which ``site`` has answered, if it can be asked again."""
        if response.status == 200 and request.method == "GET":
            self._urls[site] = request.url
            if len(self._urls) > _MAX_SITES:
                del self._urls[next(iter(self._urls))]

    def other_than(self, request: Request, site: str) -> str:
        """Return the URL of a page of ``site`` that is not that of ``request``; "" without one."""
        url = self._urls.get(site, "")
        return url if url != request.url else ""

    async def ask(self, url: str, failed: Request) -> Ending:
        """Return how a request to ``url`` ends, which takes the route of ``failed``."""
        begin_way(failed)  # so that this takes no permit while the other one has one
        meta = {**_META, "download_timeout": failed.meta["download_timeout"]}
        request = on_the_way_of(failed, url, failed.priority, meta)
        try:
            response = await self._crawler.engine.download_async(request)
        except Exception:  # noqa: BLE001 - whatever it is, it is no answer
            return _NO_ANSWER
        return ending_of_response(request, response, self._clock())
