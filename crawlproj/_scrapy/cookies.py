"""Cookies as browsers read them, within bounds, without a download of the Public Suffix List."""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import suppress
from http.cookiejar import Cookie, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy.downloadermiddlewares.cookies import CookiesMiddleware
from scrapy.http.cookies import CookieJar
from scrapy.utils.httpobj import urlparse_cached

from crawlproj._scrapy import require
from crawlproj.set_cookie import read_set_cookie
from crawlproj.urls import is_public_suffix, registrable_domain

if TYPE_CHECKING:
    from collections.abc import Iterable
    from urllib.request import Request as UrllibRequest

    from scrapy import Request
    from scrapy.http import Response

require(CookiesMiddleware, "_process_cookies", "_debug_set_cookie")

# As in Chrome.
MAX_COOKIE_BYTES = 4096
MAX_COOKIES = 180


_HOST_ONLY = "HostOnly"  # an attribute of our own


class _Policy(DefaultCookiePolicy):
    """http.cookiejar's policy, which alone would send a host's own cookies to its subdomains too.

    Cookies of a spider's requests still go there, as in Scrapy.
    """

    def return_ok_domain(self, cookie: Cookie, request: UrllibRequest) -> bool:
        host = urlsplit(request.get_full_url()).hostname or ""
        if cookie.has_nonstandard_attr(_HOST_ONLY) and cookie.domain != _effective(host):
            return False
        return super().return_ok_domain(cookie, request)


class BoundedCookieJar(CookieJar):
    """Keeps 180 cookies of up to 4,096 bytes for each registrable domain, those set last."""

    def __init__(self) -> None:
        super().__init__(_Policy())
        self._kept: defaultdict[str, dict[tuple[str, str, str], None]] = defaultdict(dict)

    def received(self, response: Response, request: Request) -> list[Cookie]:
        """Return the cookies of ``response``, those to be deleted as expired ones.

        Reads the last 180 only, because that takes time.
        """
        now = time.time()
        url = urlparse_cached(request)
        host = (url.hostname or "").lower()
        directory = url.path.rpartition("/")[0] or "/"
        cookies: list[Cookie] = []
        for header in response.headers.getlist(b"Set-Cookie")[-MAX_COOKIES:]:
            found = read_set_cookie(header.decode("utf-8", "replace"), now)
            if found is None:
                continue
            shared = bool(found.domain) and (found.domain != host or _shares(host))
            cookie = Cookie(
                version=0,
                name=found.name,
                value=found.value,
                port=None,
                port_specified=False,
                domain=f".{found.domain}" if shared else _effective(host),
                domain_specified=shared,
                domain_initial_dot=shared,
                path=found.path or directory,
                path_specified=bool(found.path),
                secure=found.secure,
                expires=None if found.expires is None else int(found.expires),
                discard=found.expires is None,
                comment=None,
                comment_url=None,
                rest={} if shared else {_HOST_ONLY: ""},
            )
            cookies.append(cookie)
        return cookies

    def set_cookie_if_ok(self, cookie: Cookie, request: Request) -> None:
        """Keep the cookie unless the policy or its size forbids it; forget the oldest instead."""
        if len(cookie.name) + len(cookie.value or "") > MAX_COOKIE_BYTES:
            return
        super().set_cookie_if_ok(cookie, request)
        if cookie.name not in self._cookies.get(cookie.domain, {}).get(cookie.path, {}):
            return  # refused
        kept = self._kept[registrable_domain(cookie.domain.removeprefix("."))]
        key = (cookie.domain, cookie.path, cookie.name)
        kept.pop(key, None)
        if cookie.is_expired():
            self.clear(*key)
            return
        kept[key] = None
        if len(kept) > MAX_COOKIES:
            oldest = next(iter(kept))
            del kept[oldest]
            with suppress(KeyError):  # it has expired
                self.clear(*oldest)


def _effective(host: str) -> str:
    """Return the name under which http.cookiejar keeps the cookies of ``host``."""
    return host if "." in host else f"{host}.local"


def _shares(host: str) -> bool:
    """Whether subdomains of ``host`` may get its cookies: it is not an address or a suffix."""
    last = host.rpartition(".")[2]
    return "." in host and ":" not in host and not last.isdigit() and not is_public_suffix(host)


class OfflineCookiesMiddleware(CookiesMiddleware):
    """Scrapy's middleware with the copy of the Public Suffix List that tldextract brings.

    Scrapy's downloads the list when the first cookie arrives.
    """

    jars: defaultdict[Any, BoundedCookieJar]  # type: ignore[assignment]

    def process_response(  # type: ignore[override]  # Scrapy deprecates its spider argument
        self, request: Request, response: Response
    ) -> Response:
        """Keep the cookies of ``response``."""
        if not request.meta.get("dont_merge_cookies", False):
            jar = self.jars[request.meta.get("cookiejar")]
            self._process_cookies(jar.received(response, request), jar=jar, request=request)
            self._debug_set_cookie(response)
        return response

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
