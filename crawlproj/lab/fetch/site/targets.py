"""Where the pages come from: the lab's own site, or a URL that the user names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.lab.fetch.site.latency import Latency
    from crawlproj.lab.fetch.site.process import LabSite
    from crawlproj.lab.fetch.site.server import SiteCounts


class Target(Protocol):
    """A site to fetch pages from. Its attributes are those of ``toolkit.job.JobSpec``."""

    host: str
    port: int
    prefix: str
    marked: bool
    sites: int

    def prepare(self, pages: int) -> Sequence[float]:
        """Get ready to serve pages 0 to ``pages`` - 1; return the expected seconds of each."""

    def counts(self) -> SiteCounts | None:
        """Return what the site has seen since ``prepare``; None if it cannot say."""


class LabTarget:
    """The lab's own site, which counts what it is asked for."""

    marked = True

    def __init__(self, site: LabSite, latency: Latency, page_bytes: int) -> None:
        self.host, self.port, self.prefix = site.host, site.port, site.prefix
        self.sites = site.sites
        self._site, self._latency, self._page_bytes = site, latency, page_bytes

    def prepare(self, pages: int) -> Sequence[float]:
        """Serve this many pages; return the seconds that each takes."""
        self._site.serve(self._latency, pages, self._page_bytes)
        return self._latency.of_pages(pages)

    def counts(self) -> SiteCounts:
        """Return what the site has seen since ``prepare``."""
        return self._site.counts()


class UrlTarget:
    """A site at a URL. Whether each page was fetched once is known from the models alone.

    url: its "{n}" stands for the page's number; without one, "?page=n" is appended. Only http,
        because the models with sockets of their own do not support TLS.
    latency_s: the mean seconds of a response; the measurement sets it after its first requests.

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
                f"--url must be an http URL such as http://127.0.0.1:8000/page/{{n}}, not {url!r}"
            )
        path = parts.path or "/"
        if parts.query:
            path += f"?{parts.query}"
        if "{n}" not in path:
            path += f"{'&' if parts.query else '?'}page={{n}}"
        self.host, self.port, self.prefix = host, port, path
        self.latency_s = 0.0

    def prepare(self, pages: int) -> Sequence[float]:
        """Return the mean for each page."""
        return [self.latency_s] * pages

    def counts(self) -> None:
        """Return None: the site's log is not ours."""
        return
