"""Scrapy's AutoThrottle and download slot, without Scrapy's engine."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.permit import Permit

if TYPE_CHECKING:
    import random

_JITTER = 0.5  # DOWNLOAD_DELAY_JITTER


class AutoThrottle:
    """``delay ← max(latency / target, (delay + latency / target) / 2)``, never less after an error.

    Source: ``AutoThrottle._adjust_delay`` (scrapy/extensions/throttle.py) and
    ``Downloader._process_queue`` (scrapy/core/downloader/__init__.py) of Scrapy 2.19. Each look at
    the queue draws a new delay within ± 50 %, and a look that is too early blocks until the delay
    it drew is over. Exceptions (resets, time-outs) are ignored.

    rng: draws the jitter. cap: CONCURRENT_REQUESTS_PER_DOMAIN. target, start_delay_s, max_delay_s:
    the AUTOTHROTTLE settings of those names.
    """

    def __init__(
        self,
        rng: random.Random,
        *,
        cap: int = 8,
        target: float = 1.0,
        start_delay_s: float = 5.0,
        max_delay_s: float = 60.0,
    ) -> None:
        self.delay_s = start_delay_s
        self.in_flight = 0
        self._rng = rng
        self._cap = cap
        self._target = target
        self._max_delay_s = max_delay_s
        self._started_at = -inf
        self._blocked_until = -inf

    @property
    def limit(self) -> float:
        """The cap; only the delay throttles."""
        return float(self._cap)

    def free(self, now: float) -> int:
        """Return how many requests may start now; with a delay, up to one."""
        if now < self._blocked_until or self.in_flight >= self._cap:
            return 0
        if not self.delay_s:
            return self._cap - self.in_flight
        ready = self._started_at + self.delay_s * (1 + self._rng.uniform(-_JITTER, _JITTER))
        if ready > now:
            self._blocked_until = ready
            return 0
        return 1

    def ready_at(self) -> float:
        """Return when the delay is over."""
        return self._blocked_until

    def start(self, now: float) -> Permit:
        """Start a request."""
        self.in_flight += 1
        self._started_at = now
        return Permit(now, self.in_flight, canary=False)

    def end(self, permit: Permit, now: float, ending: Ending) -> None:  # noqa: ARG002 - as SiteControl
        """End a request, and adjust the delay if there was a response."""
        self.in_flight -= 1
        if ending.rtt_s:
            self.adjust(ending.rtt_s, ok=ending.verdict is Verdict.OK)

    def adjust(self, latency_s: float, *, ok: bool) -> None:
        """Adjust the delay to a response; ok: whether its status is 200."""
        wanted_s = latency_s / self._target
        delay_s = min(max(wanted_s, (self.delay_s + wanted_s) / 2), self._max_delay_s)
        if ok or delay_s > self.delay_s:
            self.delay_s = delay_s
