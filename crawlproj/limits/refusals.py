"""A ceiling for the limit of a site that refuses requests that are too many at once. Pure."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from crawlproj.limits.base import whole

if TYPE_CHECKING:
    from crawlproj.limits.base import Sample

_MIN_DROPS, _MANY_DROPS = 3, 4
_DROP_SHARE = 0.05
_BY_CHANCE = 2.0  # times the usual drops of a period, which have another cause
_LEARN = 0.02  # slowly, so that drops caused by too many in flight do not become usual
_MIN_ANSWERS, _ROUNDS = 16, 2  # of a period: at least, and times the limit
_MIN_WAIT, _MAX_WAIT = 4, 64  # periods before a ceiling is tried again


class Refusals:
    """Counts drops in periods, and keeps the limit below the number in flight that was refused.

    If at least three requests more than twice the usual share are dropped, and more than 5 % of a
    period, the limit goes below the lowest number in flight that was refused, at most to half. If
    other requests were answered with as many in flight, it goes down by a fifth instead. That is
    the ``ceiling``. It rises by a sixteenth, at least by one, after 4, 8, … 64 periods in which the
    limit was at the ceiling, twice as many each time the same number is refused again.

    A period has as many requests as twice the limit, at least 16.
    """

    def __init__(self) -> None:
        self.ceiling = inf
        self._wait = _MIN_WAIT
        self._at_ceiling = 0  # periods
        self._usual = 0.0  # share of drops
        self._cut_at = -inf
        self._begin()

    def _begin(self) -> None:
        self._dropped = self._answered = 0
        self._by_load: dict[int, int] = {}  # answers by the number in flight
        self._refused_at = inf

    def on_answer(self, sample: Sample, limit: float) -> None:
        """Count an answer."""
        self._answered += 1
        self._by_load[sample.in_flight] = self._by_load.get(sample.in_flight, 0) + 1
        if self._answered + self._dropped < max(_MIN_ANSWERS, _ROUNDS * limit):
            return
        share = self._dropped / (self._answered + self._dropped)
        self._usual += _LEARN * (share - self._usual)
        if limit >= self.ceiling - 0.5:
            self._at_ceiling += 1
            if self._at_ceiling >= self._wait:
                self._at_ceiling = 0
                self.ceiling += max(1.0, self.ceiling / 16)
        self._begin()

    def on_drop(self, sample: Sample, limit: float) -> float | None:
        """Count a drop; return a lower limit if there are too many."""
        # Requests that started before the latest cut say nothing about the limit since.
        if sample.started_at < self._cut_at:
            return None
        self._dropped += 1
        self._refused_at = min(self._refused_at, sample.in_flight)
        if self._too_many(limit):
            return self._lower(sample.ended_at, limit)
        return None

    def _too_many(self, limit: float) -> bool:
        requests = max(whole(limit), self._answered + self._dropped)
        by_chance = _BY_CHANCE * self._usual * requests
        return self._dropped >= _MIN_DROPS + by_chance and self._dropped > _DROP_SHARE * requests

    def _lower(self, now: float, limit: float) -> float | None:
        """Return the limit below the number that was refused; None if that would not help."""
        share = self._dropped / (self._answered + self._dropped)
        self._usual += _LEARN * (share - self._usual)
        most = self._refused_at - 1
        beyond = sum(n for in_flight, n in self._by_load.items() if in_flight > most)
        # The limit may have gone down since they were sent; that it was too high is all they show.
        wanted = max(limit / 2, most)
        if most < 1 or beyond > self._dropped:
            if self._dropped < _MANY_DROPS:
                return None
            wanted = 0.8 * limit
        wanted = min(wanted, self.ceiling)
        same = wanted >= min(0.8 * self.ceiling, self.ceiling - 1.5)  # never of the first: inf
        self._wait = min(_MAX_WAIT, 2 * self._wait) if same else _MIN_WAIT
        self.ceiling = wanted
        self._at_ceiling = 0
        self._cut_at = now
        self._begin()
        return min(limit, wanted)
