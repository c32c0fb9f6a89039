"""Redirected requests, which must not carry one origin's credentials to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.downloadermiddlewares.redirect import BaseRedirectMiddleware
from scrapy.utils.httpobj import urlparse_cached

from crawlproj._scrapy import require

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from scrapy.settings import BaseSettings

require(
    BaseRedirectMiddleware,
    "_build_redirect_request",
    "_redirect",
    "_redirect_request_using_get",
)

# Headers that a browser sends anywhere, and the proxy's own. Of cookies and Authorization,
# Scrapy has kept what may stay.
_SENT_ANYWHERE = frozenset(
    b"Accept Accept-Charset Accept-Encoding Accept-Language Authorization Cache-Control "
    b"Content-Language Content-Type Cookie Dnt Pragma Proxy-Authorization Range Referer "
    b"Upgrade-Insecure-Requests User-Agent".split()
)
_SENT_BY_BROWSERS = b"Sec-"
_DEFAULT_PORTS = {"http": 80, "https": 443}


class SafeRedirects(BaseRedirectMiddleware):
    """Leaves out a request's own headers, such as X-Api-Key, on the way to another origin.

    The headers of DEFAULT_REQUEST_HEADERS go everywhere anyway, so they stay.
    """

    def __init__(self, settings: BaseSettings) -> None:
        super().__init__(settings)
        defaults = settings.getdict("DEFAULT_REQUEST_HEADERS")
        self._sent_anywhere = _SENT_ANYWHERE | {name.title().encode() for name in defaults}

    def followed(
        self, request: Request, response: Response, url: str, reason: str
    ) -> Request | Response:
        """Return the request for ``url``, with GET, to which ``response`` leads.

        Raises IgnoreRequest after too many redirects.
        """
        redirected = self._redirect_request_using_get(request, response, url)
        return self._redirect(redirected, request, reason)

    def _build_redirect_request(
        self, source_request: Request, response: Response, *, url: str, **kwargs: Any
    ) -> Request:
        request = super()._build_redirect_request(source_request, response, url=url, **kwargs)
        if request_origin(request) != request_origin(source_request):
            for name in list(request.headers):
                if name not in self._sent_anywhere and not name.startswith(_SENT_BY_BROWSERS):
                    del request.headers[name]
        return request


def request_origin(request: Request) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port of the URL of ``request``."""
    parts = urlparse_cached(request)
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)
