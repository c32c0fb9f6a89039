"""Tells the lockouts of a limiter from outages, by when they begin. Pure."""

from __future__ import annotations

from math import inf

_LASTS_S = 2.0  # from the first refusal to an answer: a shorter time is not a lockout
_ALIKE, _BY_CHANCE = 0.1, 2  # of the answers before a lockout, and answers: as many as before


class RecurringLockouts:
    """Watches the lockouts of a site: times of two seconds or more in which it answers nothing.

    A limiter that punishes begins one whenever it has answered a number of requests, if they come
    much faster than it allows. An outage begins at any time. So they are those of a limiter if as
    many requests were answered before each of two in a row, plus or minus 10 % and two.

    A site that cannot serve so much at once refuses after as many, too, if it asks us to wait each
    time (Varnish, whose 503s have a Retry-After). So a lockout does not count that begins with
    more in flight than was answered since the one before.

    answered: requests that were answered before it began to watch.

    Times are those at which requests started, in seconds, because a time-out is noticed late.
    """

    __slots__ = (
        "_answered",
        "_answered_at",
        "_before",
        "_most",
        "_refused",
        "_refused_at",
        "_since",
        "recur",
    )

    def __init__(self, answered: int = 0) -> None:
        self.recur = False  # whether they are those of a limiter
        self._answered = answered  # since the latest lockout
        self._before = 0  # answers before it; 0 without one
        self._answered_at = -inf  # the latest request that was answered
        self._since = inf  # the first refusal after it
        self._refused_at = -inf  # the latest one
        self._most = 0  # in flight, of what was answered since the latest lockout
        self._refused = 0  # in flight, of what was refused first since an answer

    def on_refused(self, started_at: float, in_flight: int) -> None:
        """Note a request that was refused, or had no answer.

        in_flight: requests in flight at the site when it was sent, itself included.
        """
        if started_at > self._answered_at:
            if self._since == inf:
                self._refused = in_flight
            self._since = min(self._since, started_at)
            self._refused_at = max(self._refused_at, started_at)

    def on_answer(self, started_at: float, in_flight: int) -> None:
        """Note a request that was answered; ``in_flight`` as for ``on_refused``."""
        if started_at > self._refused_at:
            if started_at - self._since >= _LASTS_S:
                self._end()
            self._since = inf
        self._answered += 1
        self._most = max(self._most, in_flight)
        self._answered_at = max(self._answered_at, started_at)

    def _end(self) -> None:
        off = abs(self._answered - self._before)
        alike = bool(self._before) and off <= _ALIKE * self._before + _BY_CHANCE
        self.recur = alike and self._refused <= self._most
        self._before, self._answered, self._most = self._answered, 0, 0
