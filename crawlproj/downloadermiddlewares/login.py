"""Logs in before the first page of a crawl, and again when the session has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.downloadermiddlewares.crawl_login import (
    SESSION,
    LoginLost,
    LoginRequired,
    login_of,
)
from crawlproj.downloadermiddlewares.login_signs import Sign

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

__all__ = ["LoginLost", "LoginMiddleware", "LoginRedirectMiddleware", "LoginRequired"]


class LoginMiddleware:
    """Sends the form of the spider's ``access``, and holds the pages of its sites until then.

    AccessMiddleware keeps the cookies of the session. Every run logs in anew, because they are
    stored nowhere. A page that shows the login form instead of its content goes back to the
    frontier, uncounted, and LoginSession decides what that means. Other sites go on meanwhile.

    Place it above what decompresses, and below what follows refreshes.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._login = login_of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> LoginMiddleware:
        """Build the middleware. Raises NotConfigured if the spider does not log in."""
        return cls(crawler)

    def process_request(self, request: Request) -> Request | Coroutine[Any, Any, None] | None:
        """Return the request, to be sent later, if it has to wait for a login.

        Raises LoginLost if there will be no session any more.
        """
        login = self._login
        if not login.concerns(request):
            return None
        login.check()
        if login.session.is_open:
            request.meta[SESSION] = login.session.number
            return None
        login.session.begin()
        return login.put_back(request) or self._wait(request)

    async def _wait(self, request: Request) -> None:
        await self._login.opened()
        request.meta[SESSION] = self._login.session.number

    def process_response(
        self, request: Request, response: Response
    ) -> Response | Request | Coroutine[Any, Any, Request]:
        """Return ``response``, or the request if it shows the form. Raises LoginRequired."""
        login = self._login
        if not login.concerns(request):
            return response
        sign = login.signs.of_body(request, response)
        if sign is not Sign.NONE:
            return login.judged(request, response, sign)
        if response.status == 200 and request.method == "GET":
            login.note_shown(request)
        return response


class LoginRedirectMiddleware:
    """Does the same for pages that redirect to a login, or refuse with 401 or 403.

    Place it below what follows redirects.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._login = login_of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> LoginRedirectMiddleware:
        """Build the middleware. Raises NotConfigured if the spider does not log in."""
        return cls(crawler)

    def process_response(
        self, request: Request, response: Response
    ) -> Response | Request | Coroutine[Any, Any, Request]:
        """Return ``response``, or the request if it asks for a login. Raises LoginRequired."""
        login = self._login
        if response.status == 200 or not login.concerns(request):
            return response
        sign = login.signs.of_head(request, response)
        return response if sign is Sign.NONE else login.judged(request, response, sign)
