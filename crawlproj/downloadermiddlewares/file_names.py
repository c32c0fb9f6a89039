"""Skips files that look like files by their URLs, and learns which of these are pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http.request import NO_CALLBACK

from crawlproj.content.media_type import media_type
from crawlproj.downloadermiddlewares.choice import UnwantedType
from crawlproj.frontier.base import State
from crawlproj.links.file_names import FileNames
from crawlproj.links.traps import SITEMAP
from crawlproj.scheduling.checks import check_of

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Headers

__all__ = ["FileNamesMiddleware", "IsFile", "LikeFiles"]

_PAGES = frozenset({"text/html", "application/xhtml+xml"})


class LikeFiles(IgnoreRequest):
    """The URL ends like those in its directory that turned out to be files."""

    frontier_outcome = (State.SKIPPED, "extension")


class IsFile(UnwantedType):
    """The URL ends like a file, and the response is not HTML; its body is not fetched."""

    frontier_outcome = (State.SKIPPED, "extension")


class FileNamesMiddleware:
    """Asks the spider's ``file_names`` about each request, and tells it what came of it.

    The spider has judged its links already; those that it put into the frontier before the first
    answers came are judged again.
    """

    def __init__(self, names: FileNames) -> None:
        self._names = names

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> FileNamesMiddleware:
        """Build the middleware. Raises NotConfigured if the spider has no ``file_names``."""
        names = getattr(crawler.spider, "file_names", None)
        if not isinstance(names, FileNames):
            raise NotConfigured
        middleware = cls(names)
        crawler.signals.connect(middleware.judge_head, signals.headers_received)
        return middleware

    def process_request(self, request: Request) -> None:
        """Raise LikeFiles if the request would lead to a file."""
        if _is_link(request) and not self._names.asks(_asked(request)):
            raise LikeFiles("its directory had files with this extension, and no pages")

    def judge_head(self, headers: Headers, request: Request, status: int = 200) -> None:
        """Raise IsFile if the response to a URL that ends like a file is not a page.

        A redirect says nothing, because it may lead to a login; if it leads to a file, it does.
        """
        if not _is_link(request) or 300 <= status < 400 or not self._names.has(_asked(request)):
            return
        essence = media_type(headers.getlist(b"Content-Type")).essence
        is_page = 200 <= status < 300 and essence in _PAGES
        if not (is_page and request.meta.get("redirect_urls")):
            self._names.learn(_asked(request), is_page=is_page)
        if 200 <= status < 300 and not is_page:
            raise IsFile(f"its media type is {essence or 'missing'}")


def _asked(request: Request) -> str:
    earlier: list[str] = request.meta.get("redirect_urls", [request.url])
    return earlier[0]


def _is_link(request: Request) -> bool:
    """Whether the request is for a page that the spider found, and not one of an earlier crawl."""
    meta: dict[str, Any] = request.meta
    return (
        bool(meta.get("depth"))
        and SITEMAP not in meta
        and request.callback is not NO_CALLBACK
        and check_of(request) is None
    )
