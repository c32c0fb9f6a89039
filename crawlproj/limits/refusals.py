"""A ceiling for the limit of a site that refuses requests that are too many at once. Pure."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from crawlproj.limits.base import whole
from crawlproj.limits.drop_cause import DropCause

if TYPE_CHECKING:
    from crawlproj.limits.base import Sample

_MIN_DROPS, _MANY_DROPS = 3, 4
_DROP_SHARE = 0.05
_BY_CHANCE = 2.0  # times the drops of a period that have another cause
_LEARN = 0.05  # how fast it is noticed that the other cause has gone
_MIN_ANSWERS, _ROUNDS = 16, 2  # of a period: at least, and times the limit
_MIN_WAIT, _MAX_WAIT = 4, 64  # periods before a ceiling is tried again
_KEPT = 0.75  # of the requests of earlier periods, with each period


class Refusals:
    """Counts drops in periods, and keeps the limit below the number in flight that was refused.

    If at least three requests are dropped, and more than 5 % of a period, the limit goes below the
    lowest number in flight that was refused, at most to half. If other requests were answered with
    as many in flight, it goes down by a fifth instead. That is the ``ceiling``. It rises by a
    sixteenth, at least by one, after 4, 8, … 64 periods in which the limit was at the ceiling,
    twice as many each time the same number is refused again. One refusal is enough to show that,
    unless something was answered above the former ceiling. If as many are dropped with less in
    flight, there is no ceiling, and more than twice as many must be dropped to set another; see
    ``DropCause``. There, a request that was written again, because a used connection was closed,
    counts as dropped, too: behind a server that closes connections, two of three drops are such,
    and the rest is too little to compare. They do not lower the limit, because servers may close
    connections when they like.

    A period has as many requests as twice the limit, at least 16.

    other_cause: the share of requests that is dropped whatever is in flight; 0 if none is known.
    """

    def __init__(self) -> None:
        self.ceiling = inf
        self.other_cause = 0.0
        self._cause = DropCause()
        self._kept = inf  # the ceiling before the look
        self._refused_before = inf  # the former ceiling, until more in flight is answered
        self._wait = _MIN_WAIT
        self._at_ceiling = 0  # periods
        self._cut_at = -inf
        # Of earlier periods. The one that leads to a cut has more drops than usual.
        self._earlier = self._earlier_dropped = 0.0  # requests
        self._dropped = self._answered = self._closed = 0
        self._begin()

    def _begin(self) -> None:
        seen, dropped = self._so_far()
        self._earlier, self._earlier_dropped = _KEPT * seen, _KEPT * dropped
        self._dropped = self._answered = self._closed = 0
        self._by_load: dict[int, int] = {}  # answers by the number in flight
        self._refused_at = inf

    def on_answer(self, sample: Sample, limit: float) -> None:
        """Count an answer."""
        if sample.started_at >= self._cut_at:
            self._look_for_cause(sample, limit, dropped=False)
        if self._cause.look < 1:
            return
        if sample.in_flight > self._refused_before:
            self._refused_before = inf
        self._answered += 1
        self._closed += sample.closed
        self._by_load[sample.in_flight] = self._by_load.get(sample.in_flight, 0) + 1
        if self._answered + self._dropped < max(_MIN_ANSWERS, _ROUNDS * limit):
            return
        dropped = self._dropped + self._closed
        share = dropped / (self._answered + dropped)
        self.other_cause += _LEARN * min(0.0, share - self.other_cause)
        if self.other_cause < _DROP_SHARE:
            self.other_cause = 0.0
        if limit >= self.ceiling - 0.5:
            self._at_ceiling += 1
            if self._at_ceiling >= self._wait:
                self._at_ceiling = 0
                self._refused_before = whole(self.ceiling)
                self.ceiling += max(1.0, self.ceiling / 16)
        self._begin()

    def on_drop(self, sample: Sample, limit: float) -> float | None:
        """Count a drop; return a lower limit if there are too many."""
        # Requests that started before the latest cut say nothing about the limit since.
        if sample.started_at < self._cut_at:
            return None
        self._look_for_cause(sample, limit, dropped=True)
        if self._cause.look < 1:
            return min(limit, self.ceiling)
        self._dropped += 1
        self._closed += sample.closed
        self._refused_at = min(self._refused_at, sample.in_flight)
        if sample.at_once or sample.in_flight > self._refused_before or self._too_many(limit):
            return self._lower(sample.ended_at, limit)
        return None

    def _so_far(self) -> tuple[float, float]:
        """Return the requests of this period and of earlier ones, and how many were dropped."""
        dropped = self._dropped + self._closed
        return self._earlier + self._answered + dropped, self._earlier_dropped + dropped

    def _look_for_cause(self, sample: Sample, limit: float, *, dropped: bool) -> None:
        for _ in range(sample.closed):
            self._note_end(sample.ended_at, limit, dropped=True)
        self._note_end(sample.ended_at, limit, dropped=dropped)

    def _note_end(self, now: float, limit: float, *, dropped: bool) -> None:
        """Set the ceiling for a look, which begins or ends with this request."""
        look = self._cause.look
        found = self._cause.on_end(dropped=dropped)
        if self._cause.look < look:
            self._kept = self.ceiling
            self.ceiling = max(1.0, self._cause.look * limit)
            self._cut_at = now
            self._begin()
        elif found is not None and look < 1:
            self.ceiling = inf if found else self._kept
            self.other_cause = found

    def _too_many(self, limit: float) -> bool:
        requests = max(whole(limit), self._answered + self._dropped)
        by_chance = _BY_CHANCE * self.other_cause * requests
        return self._dropped >= _MIN_DROPS + by_chance and self._dropped > _DROP_SHARE * requests

    def _lower(self, now: float, limit: float) -> float | None:
        """Return the limit below the number that was refused; None if that would not help."""
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
        self._refused_before = inf
        self._at_ceiling = 0
        self._cut_at = now
        self._cause.on_cut(*self._so_far())
        self._begin()
        return min(limit, wanted)
