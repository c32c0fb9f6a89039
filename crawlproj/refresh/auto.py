"""Checks each page as often as it is worth, within a budget for each site. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from math import floor, log2
from typing import TYPE_CHECKING

from crawlproj.refresh.rates import chance_of_change, chances_of, expected_worth
from crawlproj.store.revisions import checks_in
from crawlproj.urls import site_of

if TYPE_CHECKING:
    from crawlproj.store.base import Checked

MIN_CHANCE = 0.1
"""A page is not due while it is less likely than this that it changed."""

_SECOND_LOOK_S = 86_400.0  # after an answer that says that a page is missing, failed or moved
_FIRST = 1_000  # a bin above all others
_BINS_PER_OCTAVE = 8  # of worth: pages that are worth the same to 9 % are equals


class Auto:
    """Of the pages of a site that may have changed, those that a check is worth most for are due.

    Call ``begin``, pass every page to ``note``, then ask ``is_due`` for every page, once each. The
    first time, a site has the budget of a day; later, what the time since then adds.

    per_day: the max checks per day and site.
    """

    def __init__(self, per_day: int) -> None:
        self.per_day = per_day
        self._left: dict[str, float] = {}  # checks that a site may have, now
        self._at: float | None = None  # as of when
        self._worths: dict[str, Counter[int]] = defaultdict(Counter)
        self._lowest: dict[str, int] = {}  # the bin of worth from which on pages are due
        self._chosen: dict[str, float] = {}  # pages that were due lately, and their check before
        self._chosen_since = 0.0

    def begin(self, now: float) -> None:
        """Begin to look through all pages (unix seconds)."""
        passed_s = 0.0 if self._at is None else max(0.0, now - self._at)
        self._at = now
        if now - self._chosen_since >= 86_400:
            self._chosen, self._chosen_since = {}, now
        self._worths.clear()
        self._lowest.clear()
        for site, left in self._left.items():
            self._left[site] = min(self.per_day, left + self.per_day * passed_s / 86_400)

    def note(self, page: Checked, now: float) -> None:
        """Take in a page, of which any number may compete for the budget."""
        if (value := self._worth(page, now)) is not None:
            self._worths[site_of(page.url)][value] += 1

    def is_due(self, page: Checked, now: float) -> bool:
        """Whether to check ``page`` now; it then counts against the budget."""
        value = self._worth(page, now)
        if value is None:
            return False
        site = site_of(page.url)
        left = self._left.setdefault(site, self.per_day)
        if left < 1 or value < self._lowest_of(site, left):
            return False
        self._left[site] = left - 1
        self._chosen[page.url] = page.at
        return True

    def _worth(self, page: Checked, now: float) -> int | None:
        """Return the bin of what a check is worth; None if it is not worth a request."""
        if self._chosen.get(page.url) == page.at:  # that check has not ended
            return None
        age_s = now - page.at
        chances = chances_of(checks_in(page.history))
        if page.reason:
            if age_s < _SECOND_LOOK_S:
                return None
            if page.reason == "sitemap":  # it leads to new pages
                return _FIRST
        elif chance_of_change(chances, age_s) < MIN_CHANCE:
            return None
        return floor(_BINS_PER_OCTAVE * log2(max(1.0, expected_worth(chances, age_s))))

    def _lowest_of(self, site: str, left: float) -> int:
        """Return the bin of worth that the budget reaches down to."""
        if site not in self._lowest:
            lowest = 0
            for value, pages in sorted(self._worths[site].items(), reverse=True):
                lowest = value
                left -= pages
                if left < 1:
                    break
            self._lowest[site] = lowest
        return self._lowest[site]
