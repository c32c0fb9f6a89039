"""Follows redirects, and fails those that lead nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware as ScrapysMiddleware
from scrapy.exceptions import IgnoreRequest, UnsupportedURLSchemeError

from crawlproj._scrapy.redirects import SafeRedirects
from crawlproj.frontier.base import State
from crawlproj.http.wire import split
from crawlproj.masking import without_credentials

if TYPE_CHECKING:
    from scrapy.http import Response

__all__ = ["BadRedirect", "RedirectMiddleware"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SHOWN_CHARACTERS = 100


class BadRedirect(IgnoreRequest):
    """The site redirects to what is not an http or https URL."""

    frontier_outcome = (State.FAILED, "bad-redirect")


class RedirectMiddleware(SafeRedirects, ScrapysMiddleware):
    """Scrapy's middleware with its settings; see SafeRedirects for what goes to another origin.

    A redirect to what is not an http or https URL raises BadRedirect, unless the request or the
    spider handles its status.
    """

    def process_response(  # type: ignore[override]  # Scrapy deprecates its spider argument
        self, request: Request, response: Response
    ) -> Request | Response:
        """Return a request for where ``response`` redirects to, or ``response``.

        Raises BadRedirect, and IgnoreRequest after REDIRECT_MAX_TIMES redirects.
        """
        location = response.headers.get(b"Location")
        if (
            response.status not in _REDIRECTS
            or location is None
            or self._is_handled(request, response.status)
        ):
            return response
        try:
            redirected = super().process_response(request, response)
            if location and isinstance(redirected, Request):
                split(redirected.url)
                return redirected
        except (ValueError, UnsupportedURLSchemeError):
            pass
        shown = without_credentials(location.decode("latin-1"))
        raise BadRedirect(
            f"it redirects to {shown[:_SHOWN_CHARACTERS]!r}, which is not an http or https URL"
        )

    def _is_handled(self, request: Request, status: int) -> bool:
        meta = request.meta
        return bool(
            meta.get("dont_redirect")
            or meta.get("handle_httpstatus_all")
            or status in meta.get("handle_httpstatus_list", ())
            or status in getattr(self.crawler.spider, "handle_httpstatus_list", ())
        )
