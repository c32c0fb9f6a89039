"""How many pages of each site a crawl may still fetch. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from crawlproj.urls import site_of

if TYPE_CHECKING:
    from collections.abc import Mapping


class Quota:
    """Gives each site a number of places. A page takes one; one that fails gives it back."""

    def __init__(self, pages: int) -> None:
        self._pages = pages
        self._taken: defaultdict[str, set[int]] = defaultdict(set)  # hashes of URLs
        self._before: Counter[str] = Counter()

    def begin(self, done: Mapping[str, int]) -> None:
        """Take in how many pages of each site an interrupted run has done."""
        self._before = Counter(done)

    def take(self, url: str) -> bool:
        """Take a place for ``url``, unless it has one; returns whether it has one now."""
        taken = self._taken[site_of(url)]
        if (mark := hash(url)) in taken:  # a retry
            return True
        if self.is_full(url):
            return False
        taken.add(mark)
        return True

    def give_back(self, url: str) -> None:
        """Give back the place of ``url``, which led to no page."""
        self._taken[site_of(url)].discard(hash(url))

    def is_full(self, url: str) -> bool:
        """Whether the site of ``url`` has no place left."""
        site = site_of(url)
        return len(self._taken[site]) + self._before[site] >= self._pages
