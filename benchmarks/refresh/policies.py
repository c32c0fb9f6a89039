"""The policies compared: crawlproj's, one that knows the rates, and uniform revisiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from benchmarks.refresh.sitemaps import read
from crawlproj.refresh.auto import Auto
from crawlproj.refresh.rates import worth
from crawlproj.urls import site_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.refresh.web import WebPage


class Chooser(Protocol):
    """Chooses the pages to check."""

    def choose(self, pages: Sequence[WebPage], now: float, budget: int) -> list[WebPage]:
        """Return at most ``budget`` pages to check now."""


class OfCrawlproj:
    """crawlproj's policy. per_day: the budget. sitemap: one of SITEMAPS, which it reads."""

    def __init__(self, per_day: int, sitemap: str = "") -> None:
        self._auto = Auto(per_day)
        self._sitemap = sitemap

    def choose(self, pages: Sequence[WebPage], now: float, budget: int) -> list[WebPage]:  # noqa: ARG002
        """Return what is due; its own budget counts."""
        self._auto.begin(now)
        for page in pages:
            self._auto.learn(page.known)
        if self._sitemap:
            believed = self._auto.vouches(site_of(pages[0].known.url))
            read(pages, self._sitemap, now, believed=believed)
        for page in pages:
            self._auto.note(page.known, now)
        return [page for page in pages if self._auto.is_due(page.known, now)]


class Oracle:
    """Knows each page's rate, and when it was checked."""

    def choose(self, pages: Sequence[WebPage], now: float, budget: int) -> list[WebPage]:
        """Return the pages that a check is worth most for."""
        return sorted(pages, key=lambda page: -worth(page.rate, now - page.known.at))[:budget]


class Uniform:
    """Checks all pages equally often."""

    def choose(self, pages: Sequence[WebPage], now: float, budget: int) -> list[WebPage]:  # noqa: ARG002
        """Return the pages that were checked longest ago."""
        return sorted(pages, key=lambda page: page.known.at)[:budget]
