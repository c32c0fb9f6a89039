"""Cookies within bounds, without a download of the Public Suffix List."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.cookies import CookiesMiddleware
from scrapy.http import Response
from scrapy.http.cookies import CookieJar
from scrapy.utils.httpobj import urlparse_cached

from crawlproj._scrapy import require
from crawlproj.urls import is_public_suffix, registrable_domain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from http.cookiejar import Cookie

    from scrapy import Request

require(CookiesMiddleware, "_process_cookies")

# As in Chrome.
MAX_COOKIE_BYTES = 4096
MAX_COOKIES = 180


class BoundedCookieJar(CookieJar):
    """Keeps 180 cookies of up to 4,096 bytes for each registrable domain, those set last."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: defaultdict[str, dict[tuple[str, str, str], None]] = defaultdict(dict)

    def make_cookies(self, response: Response, request: Request) -> Sequence[Cookie]:
        """Return the cookies of ``response``; reads the last 180 only, because that takes time."""
        headers = response.headers.getlist(b"Set-Cookie")
        if len(headers) > MAX_COOKIES:
            response = Response(response.url, headers={b"Set-Cookie": headers[-MAX_COOKIES:]})
        return super().make_cookies(response, request)

    def set_cookie_if_ok(self, cookie: Cookie, request: Request) -> None:
        """Keep the cookie unless the policy or its size forbids it; forget the oldest instead."""
        if len(cookie.name) + len(cookie.value or "") > MAX_COOKIE_BYTES:
            return
        super().set_cookie_if_ok(cookie, request)
        if cookie.name not in self._cookies.get(cookie.domain, {}).get(cookie.path, {}):
            return  # refused
        kept = self._kept[registrable_domain(cookie.domain.removeprefix("."))]
        key = (cookie.domain, cookie.path, cookie.name)
        kept.pop(key, None)  # to the end
        kept[key] = None
        if len(kept) > MAX_COOKIES:
            oldest = next(iter(kept))
            del kept[oldest]
            with suppress(KeyError):  # it has expired
                self.clear(*oldest)


class OfflineCookiesMiddleware(CookiesMiddleware):
    """Scrapy's middleware with the copy of the Public Suffix List that tldextract brings.

    Scrapy's downloads the list when the first cookie arrives.
    """

    def _process_cookies(
        self, cookies: Iterable[Cookie], *, jar: CookieJar, request: Request
    ) -> None:
        host = (urlparse_cached(request).hostname or "").lower()
        for cookie in cookies:
            domain = cookie.domain.removeprefix(".")
            if is_public_suffix(domain):
                if domain != host:
                    continue
                cookie.domain = host
            jar.set_cookie_if_ok(cookie, request)
