"""Adds a crawl's headers, cookies and proxy to each request, for as long as it is on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from scrapy.exceptions import NotConfigured

from crawlproj.http.access import LOGIN, NEW_SESSION, Access
from crawlproj.urls import normalize

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawlproj._scrapy.cookies import BoundedCookieJar

__all__ = ["AccessMiddleware"]

_PROXY = "proxy"


class AccessMiddleware:
    """Adds the spider's ``access``, and takes it away again when the response is there.

    Belongs next to the downloader. So neither a redirect nor a retry, nor what is stored of one in
    the frontier, ever has a secret in it.

    A login begins with a new jar. An answer to an earlier request sets no cookies in it, because
    many sites end a session with a cookie.

    may_see: whether a URL is of a site that may see headers and cookies. The proxy is for all, and
        the place where the login form is may set and see cookies, too.
    """

    def __init__(self, access: Access, may_see: Callable[[str], bool]) -> None:
        self._access = access
        self._may_see = may_see
        self._before: WeakKeyDictionary[Request, dict[str | bytes, Any]] = WeakKeyDictionary()
        self._jar: BoundedCookieJar | None = None
        self._jars: WeakKeyDictionary[Request, BoundedCookieJar] = WeakKeyDictionary()
        if access.cookies or access.form is not None:
            # It imports tldextract, which imports an HTTP client.
            from crawlproj._scrapy.cookies import BoundedCookieJar  # noqa: PLC0415

            self._jar = BoundedCookieJar()
            for cookie in access.cookies:
                self._jar.set_cookie(cookie)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> AccessMiddleware:
        """Build the middleware. Raises NotConfigured if the spider has no ``access``."""
        spider: Any = crawler.spider
        access = getattr(spider, "access", None)
        if not (isinstance(access, Access) and access):
            raise NotConfigured
        return cls(access, spider.may_see_access)

    def process_request(self, request: Request) -> None:
        """Add what the site of the request may see."""
        headers, before = request.headers, dict[str | bytes, Any]()
        if request.meta.pop(NEW_SESSION, False) and self._jar is not None:
            self._jar = type(self._jar)()
        if self._access.proxy:
            before[_PROXY] = request.meta.get(_PROXY)
            request.meta[_PROXY] = self._access.proxy
        may_see = self._may_see(normalize(request.url) or "")
        if may_see:
            for name, value in self._access.headers:
                before[name] = headers.getlist(name)
                headers[name] = value
        if self._jar is not None and (may_see or LOGIN in request.meta):
            before.setdefault(b"Cookie", own := headers.getlist(b"Cookie"))
            headers.pop(b"Cookie", None)
            self._jar.add_cookie_header(request)
            self._jars[request] = self._jar
            headers[b"Cookie"] = b"; ".join([*headers.getlist(b"Cookie"), *own])
        self._before[request] = before

    def process_response(self, request: Request, response: Response) -> Response:
        """Take away what was added, and keep the cookies of the response."""
        if (jar := self._jars.pop(request, None)) is not None:
            jar.extract_cookies(response, request)
        self._take_away(request)
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:  # noqa: ARG002
        """Take away what was added."""
        self._take_away(request)

    def _take_away(self, request: Request) -> None:
        for name, value in self._before.pop(request, {}).items():
            if isinstance(name, bytes):
                request.headers.pop(name, None)
                if value:
                    request.headers.setlist(name, value)
            elif value is None:
                request.meta.pop(name, None)
            else:
                request.meta[name] = value
