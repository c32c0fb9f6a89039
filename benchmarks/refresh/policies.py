"""The policies compared: crawlproj's, one that knows the rates, and uniform revisiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from crawlproj.refresh.auto import Auto
from crawlproj.refresh.rates import worth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.refresh.web import WebPage


class Chooser(Protocol):
    """Chooses the pages to check."""

    def choose(self, pages: Sequence[WebPage], now: float, budget: int) -> list[WebPage]:
        """Return at most ``budget`` pages to check now."""


class OfCrawlproj:
    """crawlproj's policy; per_day: the budget."""

    def __init__(self, per_day: int) -> None:
        self._auto = Auto(per_day)

    def choose(self, pages: Sequence[WebPage], now: float, budget: int) -> list[WebPage]:  # noqa: ARG002
        """Return what is due; its own budget counts."""
        self._auto.begin(now)
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
