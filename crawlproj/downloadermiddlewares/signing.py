"""Signs requests (Web Bot Auth)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from scrapy.exceptions import NotConfigured

from crawlproj.config import text
from crawlproj.errors import ConfigError
from crawlproj.http.signatures import Signer, key_from_file
from crawlproj.urls import normalize, site_of

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

__all__ = ["SigningMiddleware"]


class SigningMiddleware:
    """Adds the headers of a signature to each request. Enabled by WEB_BOT_AUTH_KEY."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> SigningMiddleware:
        """Build the middleware.

        Raises NotConfigured without WEB_BOT_AUTH_KEY, and ConfigError if that or WEB_BOT_AUTH_AGENT
        is wrong.
        """
        path = text(crawler.settings, "WEB_BOT_AUTH_KEY", "")
        if not path:
            raise NotConfigured
        given = text(crawler.settings, "WEB_BOT_AUTH_AGENT", "")
        agent = normalize(given)
        if agent is None or not agent.startswith("https://") or '"' in agent:
            raise ConfigError(
                f"WEB_BOT_AUTH_AGENT must be the https URL of the site that serves the key's "
                f"directory, such as https://bot.example.org, not {given!r}"
            )
        return cls(Signer(key_from_file(path), agent.removesuffix("/"), time.time))

    def process_request(self, request: Request) -> None:
        """Sign the request; a signature that it has from an earlier attempt is replaced."""
        for name, value in self._signer.headers(site_of(request.url)).items():
            request.headers[name] = value
