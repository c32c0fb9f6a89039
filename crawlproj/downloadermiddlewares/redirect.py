"""Follows redirects, and fails those that lead nowhere."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware as ScrapysMiddleware
from scrapy.exceptions import IgnoreRequest, UnsupportedURLSchemeError
from scrapy.utils.httpobj import urlparse_cached

from crawlproj._scrapy.headers import value_of
from crawlproj._scrapy.redirects import SafeRedirects, request_origin
from crawlproj.frontier.base import State
from crawlproj.http.head import REDIRECTS
from crawlproj.http.wire import split
from crawlproj.masking import without_credentials
from crawlproj.set_cookie import read_set_cookie
from crawlproj.urls import join, normalize

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapy.http import Response
    from scrapy.settings import BaseSettings

__all__ = ["BadRedirect", "RedirectMiddleware"]

_SHOWN_CHARACTERS = 100
# Where Python's urljoin leads elsewhere than browsers: backslashes, other slashes than two after
# the scheme, two in a path, and escaped dots.
_ODD_LOCATION = re.compile(
    rb"[^?#]*\\|\s*(?:https?:(?!//[^/])|\?\s*\Z)|[^?#]*%2e|(?:[^:/?#]+/)+/", re.IGNORECASE
)
_OF_DIRECTORY = re.compile(rb"(?![/?#\s]|[a-z][a-z0-9+.-]*:)", re.IGNORECASE)
_SENT = "redirects_sent"  # in Request.meta: what led here, on this origin
_MAX_COOKIES = 50
_MAX_COOKIE_BYTES = 4096  # RFC 6265 §6.1


class BadRedirect(IgnoreRequest):
    """The site redirects to what is not an http or https URL."""

    frontier_outcome = (State.FAILED, "bad-redirect")


class RedirectMiddleware(SafeRedirects, ScrapysMiddleware):
    """Scrapy's middleware with its settings; see SafeRedirects for what goes to another origin.

    A redirect to what is not an http or https URL raises BadRedirect, unless the request or the
    spider handles its status.

    Without COOKIES_ENABLED, the cookies that a redirect sets go along with it on the same origin,
    and nowhere else. Many sites set one and redirect to the same page, to see whether it is kept.
    """

    def __init__(self, settings: BaseSettings) -> None:
        super().__init__(settings)
        self._has_jars = settings.getbool("COOKIES_ENABLED")

    def process_response(  # type: ignore[override]  # Scrapy deprecates its spider argument
        self, request: Request, response: Response
    ) -> Request | Response:
        """Return a request for where ``response`` redirects to, or ``response``.

        Raises BadRedirect, and IgnoreRequest after REDIRECT_MAX_TIMES redirects.
        """
        location = value_of(response.headers, b"Location")
        if (
            response.status not in REDIRECTS
            or location is None
            or self._is_handled(request, response.status)
        ):
            return response
        try:
            redirected = super().process_response(request, _with_plain_location(request, response))
            if location and isinstance(redirected, Request):
                split(redirected.url)
                self._carry_cookies(request, response, redirected)
                return redirected
        except (ValueError, UnsupportedURLSchemeError):
            pass
        shown = without_credentials(location.decode("latin-1"))
        raise BadRedirect(
            f"it redirects to {shown[:_SHOWN_CHARACTERS]!r}, which is not an http or https URL"
        )

    def _carry_cookies(self, request: Request, response: Response, redirected: Request) -> None:
        """Give ``redirected`` the cookies of ``response``.

        Raises IgnoreRequest if they lead in a circle on which nothing new is sent. With a jar,
        which is nearer to the downloader, REDIRECT_MAX_TIMES ends a circle.
        """
        if self._has_jars or request_origin(request) != request_origin(redirected):
            return
        known = request.headers.get(b"Cookie") or b""
        cookies = _merged(known, response.headers.getlist(b"Set-Cookie"))
        if cookies:
            redirected.headers[b"Cookie"] = cookies
        sent = [*request.meta.get(_SENT, ()), _what_is_sent(request, known)]
        if _what_is_sent(redirected, cookies) in sent:
            raise IgnoreRequest("max redirections reached: they lead in a circle")
        redirected.meta[_SENT] = sent

    def _is_handled(self, request: Request, status: int) -> bool:
        meta = request.meta
        return bool(
            meta.get("dont_redirect")
            or meta.get("handle_httpstatus_all")
            or status in meta.get("handle_httpstatus_list", ())
            or status in getattr(self.crawler.spider, "handle_httpstatus_list", ())
        )


def _with_plain_location(request: Request, response: Response) -> Response:
    """Return ``response``, or a copy whose Location Scrapy reads as browsers do.

    Raises ValueError if browsers read nothing in it.
    """
    location = response.headers[b"Location"] or b""
    if _ODD_LOCATION.match(location) is None and not (
        "//" in urlparse_cached(request).path and _OF_DIRECTORY.match(location)
    ):
        return response
    url = join(request.url, location.decode("utf-8", "replace"))
    if url is None:
        raise ValueError(location)
    headers = response.headers.copy()
    headers[b"Location"] = url
    return response.replace(headers=headers)


def _what_is_sent(request: Request, cookies: bytes) -> list[str]:
    """Return what makes ``request`` differ from others of its redirects, as plain data."""
    return [request.method, normalize(request.url) or request.url, cookies.decode("latin-1")]


def _merged(cookies: bytes, set_cookies: Iterable[bytes]) -> bytes:
    """Return a Cookie header with what Set-Cookie headers add to ``cookies``."""
    pairs = dict(pair.partition(b"=")[::2] for pair in cookies.split(b"; ") if pair)
    now = time.time()
    for header in set_cookies:
        cookie = read_set_cookie(header.decode("latin-1"), now)
        if cookie is None or cookie.value is None:
            continue
        name, value = cookie.name.encode("latin-1"), cookie.value.encode("latin-1")
        if cookie.expires is not None and cookie.expires <= now:
            pairs.pop(name, None)
        elif len(name) + len(value) <= _MAX_COOKIE_BYTES and len(pairs) < _MAX_COOKIES:
            pairs[name] = value
    return b"; ".join(b"=".join(pair) for pair in pairs.items())
