"""Follows <meta http-equiv=refresh>, but not from a page to itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.redirect import MetaRefreshMiddleware as ScrapysMiddleware
from scrapy.http import HtmlResponse

from crawlproj._scrapy.headers import value_of
from crawlproj._scrapy.redirects import SafeRedirects
from crawlproj.content.page import content_of
from crawlproj.content.refresh import read_refresh
from crawlproj.masking import without_credentials
from crawlproj.urls import join, normalize

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from scrapy.settings import BaseSettings

__all__ = ["MetaRefreshMiddleware"]

_PRESCAN_BYTES = 16_384  # Scrapy looks at the first 4,096 characters


class MetaRefreshMiddleware(SafeRedirects, ScrapysMiddleware):
    """Scrapy's middleware with its settings, for what browsers take for a refresh.

    A page that refreshes itself is the page: news tickers and status pages ask browsers to load
    them again every minute. Scrapy takes that for a redirect, until there were too many, and
    loses the page. It also does not see the header Refresh, and forms such as "0; /other".
    """

    def __init__(self, settings: BaseSettings) -> None:
        super().__init__(settings)
        self._left_out = ",".join(settings.getlist("METAREFRESH_IGNORE_TAGS"))
        self._max_delay_s = settings.getint("METAREFRESH_MAXDELAY")

    def process_response(  # type: ignore[override]  # Scrapy deprecates its spider argument
        self, request: Request, response: Response
    ) -> Request | Response:
        """Return a request for the page that ``response`` refreshes to, or ``response``."""
        if (
            not isinstance(response, HtmlResponse)
            or request.method == "HEAD"
            or request.meta.get("dont_redirect", False)
            or not request.url.startswith(("http://", "https://"))
        ):
            return response
        refresh = refresh_of(response, self._left_out)
        if refresh is None or refresh[0] >= self._max_delay_s:
            return response
        if refresh[1] == normalize(without_credentials(response.url)):
            return response
        return self.followed(request, response, refresh[1], "meta refresh")


def refresh_of(response: HtmlResponse, left_out: str = "") -> tuple[int, str] | None:
    """Return after how many seconds, and to what URL, a page is refreshed; None if it is not.

    left_out: tags, separated by commas, in which a refresh does not count.
    """
    header = value_of(response.headers, b"Refresh")
    if header is not None and (found := read_refresh(header.decode("latin-1"))) is not None:
        url = join(response.url, found[1])
        return (found[0], url) if url else None
    start = response.body[:_PRESCAN_BYTES]
    # A zero byte may be UTF-16, where nothing is ASCII. A pattern that ignores case would take
    # 15 times as long.
    if b"refresh" not in start.lower() and b"\0" not in start:
        return None
    page = content_of(response)
    return None if page is None else page.refresh(left_out)
