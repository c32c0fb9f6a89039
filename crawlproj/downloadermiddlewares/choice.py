"""Skips the requests that the user chose not to send, and the bodies that nobody wants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.exceptions import IgnoreRequest, NotConfigured, StopDownload
from scrapy.http.request import NO_CALLBACK

from crawlproj.content.media_type import media_type
from crawlproj.frontier.base import State
from crawlproj.links.choice import ACTION, Choice
from crawlproj.links.quota import Quota
from crawlproj.links.traps import SITEMAP
from crawlproj.scheduler import scheduler_of

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Headers

__all__ = ["ChoiceMiddleware", "NotChosen", "UnwantedType"]


class NotChosen(IgnoreRequest):
    """The user chose not to fetch the URL. reason: which argument says so."""

    def __init__(self, detail: str, reason: str) -> None:
        super().__init__(detail)
        self.frontier_outcome = (State.SKIPPED, reason)


class UnwantedType(StopDownload):
    """The response is of a media type that the user did not choose; its body is not fetched."""

    frontier_outcome = (State.SKIPPED, "content-type")

    def __init__(self, detail: str) -> None:
        super().__init__()
        self._detail = detail

    def __str__(self) -> str:
        """Return which type it is."""
        return self._detail


class ChoiceMiddleware:
    """Asks the spider's ``choice`` and ``quota`` about each request, and about its response's type.

    Links that the spider finds are judged there already. Here, they are judged again where they
    redirect, and where another run has put them into the frontier.
    """

    def __init__(self, crawler: Crawler, choice: Choice, quota: Quota | None) -> None:
        self._crawler = crawler
        self._choice = choice
        self._quota = quota

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ChoiceMiddleware:
        """Build the middleware. Raises NotConfigured if the spider leaves nothing out."""
        choice = getattr(crawler.spider, "choice", None)
        quota = getattr(crawler.spider, "quota", None)
        if not (isinstance(choice, Choice) and choice):
            raise NotConfigured
        middleware = cls(crawler, choice, quota if isinstance(quota, Quota) else None)
        crawler.signals.connect(middleware.begin, signals.spider_opened)
        if choice.types is not None:
            crawler.signals.connect(middleware.judge_head, signals.headers_received)
        return middleware

    async def begin(self) -> None:
        """Let the quota know what an interrupted run has done."""
        scheduler = scheduler_of(self._crawler)
        if self._quota is None or scheduler is None or scheduler.opened is None:
            return
        if scheduler.opened.resumed:
            sites = await scheduler.backend.sites()
            self._quota.begin({site: totals.done for site, totals in sites.items()})

    def process_request(self, request: Request) -> None:
        """Raise NotChosen if the request is not sent."""
        meta = request.meta
        if SITEMAP in meta or request.callback is NO_CALLBACK:  # such as robots.txt
            return
        quota = self._quota
        earlier = meta.get("redirect_urls")
        if quota is not None and earlier:
            quota.give_back(earlier[-1])
        if meta.get("depth") and (reason := self._choice.why_not(request.url)):
            if reason != ACTION:
                raise NotChosen("left out by -a include or -a exclude", reason)
            if not earlier:  # the site itself leads on
                raise NotChosen("following it would change something", reason)
        if quota is not None and not quota.take(request.url):
            raise NotChosen("its site has had as many pages", "max-pages-per-site")

    def judge_head(self, headers: Headers, request: Request, status: int = 200) -> None:
        """Raise UnwantedType if the response is of no chosen type.

        Only those of the spider's pages are judged, and no redirects or errors.
        """
        meta: dict[str, Any] = request.meta
        if not 200 <= status < 300 or not meta.get("depth") or SITEMAP in meta:
            return
        essence = media_type(headers.getlist(b"Content-Type")).essence
        assert self._choice.types is not None  # noqa: S101 - from_crawler saw to it
        if not self._choice.types.allow(essence, request.url):
            raise UnwantedType(f"its media type is {essence or 'missing'}")
