"""Detects when a site stalls or goes down, and when it is back."""

from __future__ import annotations

from math import inf, log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

_FAILURES = 4  # in a row, without an answer in between, at least
_BY_CHANCE = 1e-5  # probability of so many in a row
_MIN_HANG_S = 2.0
_UNKNOWN_HANG_S = 5.0
_HANG_FACTOR = 8.0  # times the slowest recent answer
_MAX_DOUBLINGS = 4  # of the requests without an answer that take a site down
_FORGETTING = 0.98  # factor on the slowest answer and on the doublings, with each answer
_MIN_PROBE_S, _MAX_PROBE_S = 1.0, 60.0
_PROBE_SHARE = 0.12  # of the time the site has been down


class Health:
    """A circuit breaker (Nygard, "Release It!", 2007) whose half-open state is one canary. Pure.

    A site is *down* after four failures in a row, more where some always fail, or when a request
    has had no answer for ``hang_s`` and no other request has had one for half as long. While it is
    down, one request at a time (a *canary*) probes it. Probes are between a second and a minute
    apart, longer the longer the site has been down. The first answer of any kind brings the site
    back. Perhaps only some pages hang: so each outage doubles how many requests in a row must have
    no answer, up to sixteen, and further answers bring that number down again.

    down_since: None while it is up. answered_at: when the last answer came; -inf if none ever did.

    Times are seconds on the caller's clock.
    """

    __slots__ = (
        "_doublings",
        "_failures",
        "_lost",
        "_probe_at",
        "_probes",
        "_rng",
        "_slowest_s",
        "answered_at",
        "down_since",
    )

    def __init__(self, rng: random.Random) -> None:
        self.down_since: float | None = None
        self._rng = rng
        self.answered_at = -inf
        self._slowest_s = 0.0
        self._failures = 0
        self._lost = 0  # requests since the last answer
        self._doublings = 0.0
        self._probes = 0  # in the latest outage
        self._probe_at = 0.0

    @property
    def hang_s(self) -> float:
        """Seconds without an answer after which a request counts as lost."""
        if not self._slowest_s:
            return _UNKNOWN_HANG_S
        return max(_MIN_HANG_S, _HANG_FACTOR * self._slowest_s)

    @property
    def ready_at(self) -> float:
        """When the next probe may start; 0 while the site is up."""
        return self._probe_at if self.down_since is not None else 0.0

    def on_start(self, now: float) -> None:
        """Note the start of a request; it is a canary if the site is down."""
        if self.down_since is not None:
            self._probes += 1
            self._probe_at = now + self._interval_s(now)

    def on_answer(self, now: float, rtt_s: float) -> bool:
        """Note an answer; return whether it ended an outage, not only a false alarm.

        An alarm is false if the first probe is answered.
        """
        self.answered_at = now
        self._failures = 0
        self._slowest_s = max(rtt_s, self._slowest_s * _FORGETTING)
        self._lost = 0
        if self.down_since is None:
            self._doublings *= _FORGETTING
            return False
        self._doublings += 1
        self.down_since = None
        return self._probes > 1

    def on_failure(self, now: float, usual: float = 0.0) -> None:
        """Note a request that failed the way requests to a site that is down do.

        usual: the share of requests that fail so while the site is up, from 0 to below 1.
        """
        self._failures += 1
        by_chance = log(_BY_CHANCE) / log(usual) if usual else 0
        if self._failures >= max(_FAILURES, by_chance):
            self._go_down(now)

    def on_lost(self, now: float) -> None:
        """Note a request that has had no answer for ``hang_s``."""
        self._lost += 1
        needed = 2 ** min(self._doublings, _MAX_DOUBLINGS)
        if self._lost >= round(needed) and now - self.answered_at >= self.hang_s / 2:
            self._go_down(now)

    def _go_down(self, now: float) -> None:
        if self.down_since is None:
            self.down_since = now
            self._probes = 0
            self._probe_at = now + _MIN_PROBE_S

    def _interval_s(self, now: float) -> float:
        assert self.down_since is not None  # noqa: S101 - called only while down
        share_s = _PROBE_SHARE * (now - self.down_since)
        interval_s = min(_MAX_PROBE_S, max(_MIN_PROBE_S, share_s))
        return interval_s * (1 + 0.1 * self._rng.random())
