"""Sitemaps of the simulated web, which tell the truth or lie."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.refresh.web import WebPage

_BEFORE_S = 60.0  # a sitemap is read a minute before the pages are checked


def _changed_at(page: WebPage, now: float) -> float:
    number = bisect_right(page.changes, now)
    return page.changes[number - 1] if number else 0.0


def _half(page: WebPage, now: float) -> float:
    return now if page.known.url[-1] in "13579" else _changed_at(page, now)


SITEMAPS: dict[str, Callable[[WebPage, float], float]] = {
    "the truth": _changed_at,
    "now, of every page": lambda _, now: now,
    "now, of every other page": _half,
    "never a change": lambda _page, _now: 0.0,
}
"""The claim of a sitemap → the lastmod of a page in it at some time (seconds)."""


def read(pages: Iterable[WebPage], says: str, now: float, *, believed: bool) -> None:
    """Note what a sitemap says of ``pages``, as a store does. believed: whether the site is."""
    noted_at = now - _BEFORE_S
    for page in pages:
        known, lastmod = page.known, SITEMAPS[says](page, noted_at)
        if lastmod <= known.at:
            page.vouched_at = noted_at if believed else None
        page.known = replace(known, lastmod=lastmod, noted_at=noted_at)
