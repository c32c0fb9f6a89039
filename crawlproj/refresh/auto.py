"""Checks each page as often as it is worth, within a budget for each site. Pure."""

from __future__ import annotations

from collections import defaultdict
from random import Random
from typing import TYPE_CHECKING

from crawlproj.refresh.ranking import Ranking, Value
from crawlproj.refresh.rates import chance_of_change
from crawlproj.refresh.site_facts import SiteFacts
from crawlproj.urls import site_of

if TYPE_CHECKING:
    from crawlproj.store.base import Checked

MIN_CHANCE = 0.1
"""A page is not due while it is less likely than this that it changed."""

_SECOND_LOOK_S = 86_400.0  # after an answer that says that a page is missing, failed or moved
_SITEMAP_S = 43_200.0  # between two looks at a sitemap; less than a day, for runs once a day


class Auto:
    """Of the pages of a site that may have changed, those that a check is best for are due.

    Call ``begin``, pass every page to ``learn``, then every page to ``note``, and then ask
    ``is_due`` for every page, once each. Sitemaps are due whatever pages are, so they may be asked
    about before. The first time, a site has the budget of a day; later, what the time since then
    adds, up to that.

    per_day: the max checks of a site at first, and in 24 hours from then on.
    """

    def __init__(self, per_day: int) -> None:
        self.per_day = per_day
        self._left: dict[str, float] = {}  # checks that a site may have, now
        self._at: float | None = None  # as of when
        self._facts: dict[str, SiteFacts] = {}
        self._random = Random()  # noqa: S311 - no secret
        self._rankings: dict[str, Ranking] = defaultdict(Ranking)
        self._chosen: dict[str, float] = {}  # pages that were due lately, and their check before
        self._chosen_since = 0.0

    def begin(self, now: float) -> None:
        """Begin to look through all pages (unix seconds)."""
        passed_s = 0.0 if self._at is None else max(0.0, now - self._at)
        self._at = now
        if now - self._chosen_since >= 86_400:
            self._chosen, self._chosen_since = {}, now
        self._facts.clear()
        self._rankings.clear()
        for site, left in self._left.items():
            self._left[site] = min(self.per_day, left + self.per_day * passed_s / 86_400)

    def learn(self, page: Checked) -> None:
        """Take in what ``page`` tells about other pages of its site."""
        self._facts_of(site_of(page.url)).note(page)

    def vouches(self, site: str) -> bool:
        """Whether a site is believed that says of a page that it has not changed."""
        return self._facts_of(site).trust.vouches

    def note(self, page: Checked, now: float) -> None:
        """Take in a page, of which any number may compete for the budget."""
        if (value := self._value(page, now)) is not None:
            self._rankings[site_of(page.url)].note(value)

    @property
    def has_candidates(self) -> bool:
        """Whether any page that was noted is worth a check; if not, no page is due."""
        return bool(self._rankings)

    def is_due(self, page: Checked, now: float) -> bool:
        """Whether to check ``page`` now; it then counts against the budget."""
        site = site_of(page.url)
        left = self._left.setdefault(site, self.per_day)
        if page.reason == "sitemap":
            due = now - page.at >= _SITEMAP_S and self._chosen.get(page.url) != page.at
        else:
            value = self._value(page, now)
            due = value is not None and self._rankings[site].reaches(value, left)
        if left < 1 or not due:
            return False
        self._left[site] = left - 1
        self._chosen[page.url] = page.at
        return True

    def not_checked(self, page: Checked, *, by_another: bool) -> None:
        """Take in that ``page``, which was due, is not checked from here after all.

        by_another: because another worker checks it; else because the workers have spent the budget
        of its site together.
        """
        if by_another:
            self._left[site_of(page.url)] += 1
        else:
            self._chosen.pop(page.url, None)  # gone if its row changed and was due twice

    def _value(self, page: Checked, now: float) -> Value | None:
        """Return what a check is good for; None if it is not worth a request."""
        if self._chosen.get(page.url) == page.at:  # that check has not ended
            return None
        if page.reason == "sitemap" or (page.reason and now - page.at < _SECOND_LOOK_S):
            return None
        if page.reason == "robots":  # no request is sent, most often: pages come first
            return Value()
        facts = self._facts_of(site_of(page.url))
        chances, age_s = facts.chances(page), facts.trust.age_s(page, now)
        if not page.reason and chance_of_change(chances, age_s) < MIN_CHANCE:
            return None
        return Value.of(chances, age_s)

    def _facts_of(self, site: str) -> SiteFacts:
        if (facts := self._facts.get(site)) is None:
            facts = self._facts[site] = SiteFacts(self._random)
        return facts
