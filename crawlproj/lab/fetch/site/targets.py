"""Where the pages come from: the lab's own site, or a URL of the user's."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.lab.fetch.site.latency import Latency
    from crawlproj.lab.fetch.site.process import LabSite
    from crawlproj.lab.fetch.site.server import Account


class OwnSite:
    """The lab's site, which knows what it was asked for."""

    marked = True

    def __init__(self, site: LabSite, latency: Latency, page_bytes: int) -> None:
        self.host, self.port, self.prefix = site.host, site.port, site.prefix
        self.sites = site.sites
        self._site, self._latency, self._page_bytes = site, latency, page_bytes

    def prepare(self, pages: int) -> Sequence[float]:
        """Serve so many pages; returns the seconds each will take."""
        self._site.serve(self._latency, pages, self._page_bytes)
        return self._latency.of_pages(pages)

    def account(self) -> Account:
        """Return what was asked for since."""
        return self._site.account()


class ForeignSite:
    """A site at a URL, whose log is not ours: that each page came once is the models' word.

    url: with "{n}" where the page's number goes, else "?page=n" is added; http only, as the models
        with sockets of their own speak no TLS.
    latency_s: what its answers take, in seconds, as measured before; see ``latency_s``.

    Raises ConfigError.
    """

    marked = False
    sites = 1

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        try:
            host, port = parts.hostname, parts.port or 80
        except ValueError as exc:
            raise ConfigError(f"--url {url!r}: {exc}") from None
        if parts.scheme != "http" or not host:
            raise ConfigError(
                f"--url must be like http://127.0.0.1:8000/page/{{n}}, over http, not {url!r}"
            )
        path = parts.path or "/"
        if parts.query:
            path += f"?{parts.query}"
        if "{n}" not in path:
            path += f"{'&' if parts.query else '?'}page={{n}}"
        self.host, self.port, self.prefix = host, port, path
        self.latency_s = 0.0

    def prepare(self, pages: int) -> Sequence[float]:
        """Return the seconds each page will take, as far as known: the mean."""
        return [self.latency_s] * pages

    def account(self) -> None:
        """Nobody knows."""
        return
