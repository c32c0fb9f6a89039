"""The sites of the comparison: the demo web's, and documentation."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from benchmarks.cases import Docs
from benchmarks.doc_site import DocSite
from crawlproj.demo import DemoWeb, SiteSpec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.cases import Case


class Sites(Protocol):
    """Two sites: "all" has every page, "one" has one page, for measuring start-up."""

    def start(self, site: str) -> str:
        """Return the URL of the start page."""

    def expected(self, site: str) -> set[str] | None:
        """Return the URLs that links lead to; None if nobody knows."""

    def fetched(self) -> list[str]:
        """Return the URL of every request so far."""

    def cpu_s(self) -> float:
        """Return the CPU seconds that the server has used."""


class DemoSites:
    """Sites of the demo web."""

    def __init__(self, web: DemoWeb) -> None:
        self._web = web

    def start(self, site: str) -> str:
        """Return the URL of the start page."""
        return f"{self._web.url(site)}/"

    def expected(self, site: str) -> set[str] | None:
        """Return the URLs that links lead to."""
        return set(self._web.expected(site).pages)

    def fetched(self) -> list[str]:
        """Return the URL of every request so far, robots.txt included."""
        return [self._web.url(line.site) + line.path for line in self._web.log()]

    def cpu_s(self) -> float:
        """Return the CPU seconds that the demo web has used."""
        return self._web.cpu_s()


class DocSites:
    """Documentation, and a page beside it that links to nothing."""

    def __init__(self, site: DocSite) -> None:
        self._site = site

    def start(self, site: str) -> str:
        """Return the URL of the start page."""
        return f"{self._site.url}{self._site.index if site == 'all' else '/one.html'}"

    def expected(self, site: str) -> set[str] | None:
        """Return None: not every page is linked to."""
        return {self.start("one")} if site == "one" else None

    def fetched(self) -> list[str]:
        """Return the URL of every page so far, in order."""
        return [self._site.url + path for path in self._site.fetched()]

    def cpu_s(self) -> float:
        """Return the CPU seconds that the server has used."""
        return self._site.cpu_s()


@contextmanager
def served(case: Case, pages: int, folder: Path) -> Iterator[Sites]:
    """Serve the sites of ``case``; pages: of a demo site."""
    if isinstance(case.source, Docs):
        with DocSite(case.source, folder / "access.log") as site:
            yield DocSites(site)
        return
    # The stock spider does not read sitemaps, so links lead to every page.
    specs = [
        SiteSpec("all", case.source, pages=pages, sitemap_only=0),
        SiteSpec("one", case.source, pages=1, sitemap_only=0),
    ]
    with DemoWeb(specs, folder / "access.log") as web:
        yield DemoSites(web)
