"""How much of a site or a domain is fetched at most."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawlproj.urls import registrable_domain, site_of

if TYPE_CHECKING:
    from collections.abc import Container

_MAX_SEGMENTS = 64  # of a path


@dataclass(frozen=True, slots=True)
class Budgets:
    """How much of a site or a domain is fetched at most; 0 for no limit.

    pages, sitemaps: of a site. depth: links followed to a page. hosts: of a registrable domain.
    """

    pages: int = 1_000_000
    depth: int = 1_000
    sitemaps: int = 10_000
    hosts: int = 1_000


class Spending:
    """How much of its budgets a crawl has spent.

    start_hosts: do not count. pages, sitemaps: fetched, by site.
    """

    def __init__(self, budgets: Budgets, start_hosts: Container[str]) -> None:
        self.pages: Counter[str] = Counter()
        self.sitemaps: Counter[str] = Counter()
        self._budgets = budgets
        self._start_hosts = start_hosts
        self._hosts: dict[str, set[str]] = {}  # by registrable domain

    def why_not(self, url: str, depth: int, *, sitemap: bool) -> str:
        """Return which budget does not allow to fetch ``url``; "" if all do."""
        site, budgets = site_of(url), self._budgets
        if sitemap:
            return _spent(self.sitemaps[site], budgets.sitemaps, f"sitemaps of {site}")
        if spent := (
            _spent(self.pages[site], budgets.pages, f"pages of {site}")
            or _spent(depth - 1, budgets.depth, "links in a row")
            or _spent(url.count("/") - 3, _MAX_SEGMENTS, "segments in the path")
        ):
            return spent
        if budgets.hosts and site not in self._start_hosts:
            domain = registrable_domain(site)
            hosts = self._hosts.setdefault(domain, set())
            if site not in hosts:
                if spent := _spent(len(hosts), budgets.hosts, f"hosts of {domain}"):
                    return spent
                hosts.add(site)
        return ""


def _spent(have: int, limit: int, what: str) -> str:
    return f"more than {limit:,} {what}" if limit and have >= limit else ""
