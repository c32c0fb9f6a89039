"""Which pages of a site its budget of checks reaches. Pure."""

from __future__ import annotations

from collections import Counter
from math import exp2, floor, log2
from typing import TYPE_CHECKING, NamedTuple, Self

from crawlproj.refresh.rates import expected_worth, told_by_check

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CHECKS_PER_NAT = 8.0
"""How many checks a nat of information is worth. From 4 to 16, freshness hardly changes."""

_BINS_PER_OCTAVE = 8  # of worth: pages that are worth the same to 9 % are equals
_BINS_PER_NAT = 64  # a bin is then worth an eighth of a check


class Value(NamedTuple):
    """The value of a check of a page, rounded down so that pages can be counted.

    worth: for freshness, in eighths of an octave of seconds. told: about the page's rate, in
    sixty-fourths of a nat.
    """

    worth: int = 0
    told: int = 0

    @classmethod
    def of(cls, chances: Sequence[float], age_s: float) -> Self:
        """Return the value of a check now. chances, age_s: as for ``expected_worth``."""
        worth = max(1.0, expected_worth(chances, age_s))
        told = told_by_check(chances, age_s)
        return cls(floor(_BINS_PER_OCTAVE * log2(worth)), floor(_BINS_PER_NAT * told))


class Ranking:
    """Ranks the pages of a site by what a check keeps fresh, and by what it tells.

    Worth alone would never find out that it is wrong: a page that had changed at both of its checks
    seems to change too often to be kept fresh, so it is left alone, although it may change once a
    month. Therefore a check is also worth what it tells, at the price of a check: the worth of the
    last page that the budget would reach by worth alone.

    Pass the value of every page to ``note``, then ask ``reaches`` for every page, once each. Only
    counts are kept.
    """

    def __init__(self) -> None:
        self._pages: Counter[Value] = Counter()
        self._price_s: float | None = None  # None until the first question
        self._lowest_s = self._room = 0.0  # as from _end_of

    def note(self, value: Value) -> None:
        """Take in a page."""
        self._pages[value] += 1

    def reaches(self, value: Value, budget: float) -> bool:
        """Whether ``budget`` has a check for a page. Only the budget of the first question counts.

        Pages worth more may come later, so others must not take the checks that those need.
        """
        if self._price_s is None:
            self._price_s, _ = _end_of(budget, self._pages, _worth_s)
            self._lowest_s, self._room = _end_of(budget, self._pages, self._merit_s)
        merit_s = self._merit_s(value)
        if merit_s == self._lowest_s and self._room >= 1:
            self._room -= 1
            return True
        return merit_s > self._lowest_s

    def _merit_s(self, value: Value) -> float:
        """Return what a check is worth in all, in seconds."""
        price_s = self._price_s or 0.0
        return _worth_s(value) + CHECKS_PER_NAT * price_s * value.told / _BINS_PER_NAT


def _worth_s(value: Value) -> float:
    return exp2(value.worth / _BINS_PER_OCTAVE)


def _end_of(
    budget: float, pages: Counter[Value], rank: Callable[[Value], float]
) -> tuple[float, float]:
    """Return the rank that ``budget`` does not reach all pages of, and how many of them it does.

    The rank is 0, which is below all, if the budget reaches every page.
    """
    ranks: Counter[float] = Counter()
    for value, number in pages.items():
        ranks[rank(value)] += number
    for each, number in sorted(ranks.items(), reverse=True):
        if number > budget:
            return each, budget
        budget -= number
    return 0.0, 0.0
