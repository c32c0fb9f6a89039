"""Keeps cookies, within bounds."""

from __future__ import annotations

from collections import defaultdict

from crawlproj._scrapy.cookies import BoundedCookieJar, OfflineCookiesMiddleware

__all__ = ["CookiesMiddleware"]


class CookiesMiddleware(OfflineCookiesMiddleware):
    """Scrapy's middleware with its settings. Enabled by COOKIES_ENABLED.

    Reads what sites set as browsers do. Each jar keeps up to 180 cookies of a registrable domain,
    those set last, of up to 4,096 bytes. Nobody can set a cookie for a public suffix; the list of
    those is not downloaded.
    """

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self.jars = defaultdict(BoundedCookieJar)
