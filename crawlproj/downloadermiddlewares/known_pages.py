"""Asks a site for a page that it has answered before, to learn whose fault it is if others fail."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

from scrapy.http.request import NO_CALLBACK

from crawlproj._scrapy.routes import on_the_way_of
from crawlproj.bounded import put
from crawlproj.downloadermiddlewares.verdicts import ending_of_exception, ending_of_response
from crawlproj.http.archiving import NOT_ARCHIVED
from crawlproj.http.others import handlers_by_meta
from crawlproj.scheduling.direct import begin_way

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Headers, Response

    from crawlproj.limits.ending import Ending

_MAX_SITES = 10_000
_META = {
    "dont_retry": True,
    # Its cookies are not those of the crawl, which an answer without them might replace.
    "dont_merge_cookies": True,
    # So it may be another page, or an error, and a replay takes the newest answer.
    NOT_ARCHIVED: True,
    "allow_offsite": True,  # the crawl was there
}
_HEARD = "known_page_answers"  # a list, which copies of the request share
# Those of the route are the failed request's, and a session's cookie may have changed since.
_NOT_KEPT = (b"Cookie", b"Proxy-Authorization")


class KnownPage(NamedTuple):
    """A page that was answered with status 200, and the headers with which it was asked for."""

    url: str
    headers: Headers


class KnownPages:
    """The latest page of each site that was answered with status 200.

    If a site counts as down, and then only pages are left that hang, or whose connections it
    resets, each probe is one of them and fails. A page that was answered before shows which it is:
    its robots.txt would not do, because a cache may send that for a site that is away.

    It is asked for with the headers that it was asked for with before: without its key, an API
    answers 401 or 403 to whatever it is asked.
    """

    def __init__(self, crawler: Crawler, clock: Callable[[], float]) -> None:
        self._crawler = crawler
        self._clock = clock
        self._others = tuple(handlers_by_meta(crawler.settings))
        self._pages: OrderedDict[str, KnownPage] = OrderedDict()

    def can_repeat(self, request: Request) -> bool:
        """Return whether ``request``, which was answered, can be sent again for an answer like it.

        Only if crawlproj's handler downloaded it: browsers and the handlers of other packages go by
        keys of its meta, some of which open what nobody would close.
        """
        meta = request.meta
        return "timings" in meta and not any(meta.get(key) for key in self._others)

    def note(self, site: str, request: Request, response: Response) -> None:
        """Keep the page of ``request``, which ``site`` has answered, if it can be asked again.

        Files of media pipelines are left out, because they may be large.
        """
        if response.status != 200 or request.method != "GET" or request.callback is NO_CALLBACK:
            return
        if self.can_repeat(request):
            put(self._pages, site, KnownPage(request.url, request.headers), _MAX_SITES)

    def other_than(self, request: Request, site: str) -> KnownPage | None:
        """Return a page of ``site`` that is not that of ``request``; None without one."""
        page = self._pages.get(site)
        return page if page is not None and page.url != request.url else None

    def hear(self, request: Request, response: Response) -> None:
        """Note what a site answered, before the project's middlewares make something of it."""
        if (heard := request.meta.get(_HEARD)) is not None:
            heard.append(response)

    async def ask(self, page: KnownPage, failed: Request) -> Ending:
        """Return how a request for ``page`` ends, which takes the route of ``failed``."""
        request = self._request(page, failed)
        try:
            response = await self._answer_to(request)
        except Exception as exc:  # noqa: BLE001 - the ending says what it means
            return ending_of_exception(request, exc)
        return ending_of_response(request, response, self._clock())

    async def status_of(self, page: KnownPage, failed: Request) -> int:
        """Return the status of ``page``, by the route of ``failed``; 0 without an answer."""
        return await self._status(self._request(page, failed))

    async def status_again(self, failed: Request) -> int:
        """Return the status of another request like ``failed``, a GET; 0 without an answer."""
        return await self._status(self._request(KnownPage(failed.url, failed.headers), failed))

    async def _status(self, request: Request) -> int:
        try:
            response = await self._answer_to(request)
        except Exception:  # noqa: BLE001 - whatever it is, it is not an answer
            return 0
        return int(response.status)

    async def _answer_to(self, request: Request) -> Response:
        """Return the answer, even if a middleware of the project refuses it. Else raises why."""
        heard: list[Response] = request.meta[_HEARD]
        try:
            return await self._crawler.engine.download_async(request)
        except Exception:
            if not heard:
                raise
            return heard[-1]

    @staticmethod
    def _request(page: KnownPage, failed: Request) -> Request:
        begin_way(failed)  # so that this takes no permit while the other one has one
        # Unset where the project has no DownloadTimeoutMiddleware, or DOWNLOAD_TIMEOUT is 0.
        timeout_s = failed.meta.get("download_timeout")
        meta: dict[str, Any] = {**_META, _HEARD: [], "download_timeout": timeout_s}
        request = on_the_way_of(failed, page.url, failed.priority, meta)
        for name, values in page.headers.items():
            if name not in _NOT_KEPT:
                request.headers.setlist(name, values)
        return request
