"""The policies compared: crawlproj's, one that knows the rates, and uniform revisiting."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, Protocol

from benchmarks.refresh.sitemaps import read
from crawlproj.refresh.auto import Auto
from crawlproj.refresh.rates import RATES, expected_worth, likelihoods, weighed, worth
from crawlproj.store.revisions import checks_in
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


class Learner:
    """Knows how many pages have which rate, and what checks found: no policy can know more.

    It learns from the checks that it chose itself, and takes the rates of the pages as the nearest
    of RATES.
    """

    def __init__(self, pages: Sequence[WebPage]) -> None:
        nearest = [min(RATES, key=lambda rate: abs(log(rate / page.rate))) for page in pages]
        self._prior = [nearest.count(rate) / len(nearest) for rate in RATES]

    def choose(self, pages: Sequence[WebPage], now: float, budget: int) -> list[WebPage]:
        """Return the pages that a check is probably worth most for."""

        def value(page: WebPage) -> float:
            chances = weighed(self._prior, likelihoods(checks_in(page.known.history)))
            return expected_worth(chances, now - page.known.at)

        return sorted(pages, key=value, reverse=True)[:budget]


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
