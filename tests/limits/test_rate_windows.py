"""The rate of sites that count requests in windows, as HAProxy and most libraries do."""

from __future__ import annotations

import heapq
from collections import deque

import pytest

from crawlproj.limits.base import Bounds
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.fixed import Fixed
from crawlproj.limits.health import Health
from crawlproj.limits.rate import RateLimit
from crawlproj.limits.site import SiteControl
from tests.limits.models import dice

TRIP_S = 0.01
DISCOVERY_S, END_S = 60.0, 400.0


class Sliding:
    """Allows ``quota`` requests in any ``window_s``; may count those that it refuses."""

    def __init__(self, quota: int, window_s: float, *, counts_all: bool = False) -> None:
        self.quota, self.window_s = quota, window_s
        self._counts_all = counts_all
        self._came: deque[float] = deque()

    def admits(self, now: float) -> bool:
        while self._came and self._came[0] <= now - self.window_s:
            self._came.popleft()
        admitted = len(self._came) < self.quota
        if admitted or self._counts_all:
            self._came.append(now)
        return admitted


class Window:
    """Allows ``quota`` requests in each ``window_s`` since the first one."""

    def __init__(self, quota: int, window_s: float) -> None:
        self.quota, self.window_s = quota, window_s
        self._until, self._count = 0.0, 0

    def admits(self, now: float) -> bool:
        if now >= self._until:
            self._until, self._count = now + self.window_s, 0
        self._count += 1
        return self._count <= self.quota


class Penalty:
    """Refuses everything for ``penalty_s`` after a request that ``limiter`` refuses."""

    def __init__(self, limiter: Sliding | Window, penalty_s: float) -> None:
        self._limiter, self._penalty_s = limiter, penalty_s
        self.quota, self.window_s = limiter.quota, limiter.window_s
        self.until = 0.0

    def admits(self, now: float) -> bool:
        if now < self.until:
            return False
        admitted = self._limiter.admits(now)
        if not admitted:
            self.until = now + self._penalty_s
        return admitted


@pytest.mark.parametrize(
    ("limiter", "least"),
    [
        (Sliding(100, 10, counts_all=True), 0.85),
        (Sliding(100, 10), 0.85),
        (Sliding(100, 20), 0.85),
        (Window(50, 5), 0.85),
        (Window(200, 10), 0.85),
        (Window(300, 60), 0.75),  # six windows of a minute
    ],
)
def test_a_quota_in_a_window_is_used_with_few_refusals(
    limiter: Sliding | Window, least: float
) -> None:
    answered, refused = _crawl(limiter, DISCOVERY_S, END_S)

    assert refused < 0.02 * (answered + refused)
    assert answered > least * (END_S - DISCOVERY_S) * limiter.quota / limiter.window_s


@pytest.mark.parametrize("sends_retry_after", [True, False])
@pytest.mark.parametrize(
    ("kind", "quota", "window_s", "penalty_s"),
    [(Window, 10, 10, 60), (Sliding, 20, 10, 300), (Window, 100, 60, 600), (Sliding, 5, 1, 60)],
)
def test_a_penalty_for_too_many_requests_is_not_taken_for_the_window_of_a_quota(
    kind: type[Sliding | Window],
    quota: int,
    window_s: float,
    penalty_s: float,
    *,
    sends_retry_after: bool,
) -> None:
    limiter = Penalty(kind(quota, window_s), penalty_s)
    begin_s, end_s = 15 * penalty_s, 45 * penalty_s

    answered, refused = _crawl(limiter, begin_s, end_s, sends_retry_after=sends_retry_after)

    assert refused < 0.02 * (answered + refused)
    assert answered > 0.6 * (end_s - begin_s) * quota / window_s


def _crawl(
    limiter: Sliding | Window | Penalty,
    begin_s: float,
    end_s: float,
    *,
    sends_retry_after: bool = False,
) -> tuple[int, int]:
    """Return how many requests are answered, and refused, from ``begin_s`` to ``end_s``."""
    rng = dice(1)
    control = SiteControl(Fixed(Bounds(8, 8, 8)), RateLimit(rng), Health(rng))
    now, count = 0.0, 0
    answered = refused = 0
    events: list[tuple[float, int, object, bool | None]] = []  # arrivals (None) and answers
    while now < end_s:
        while control.free(now):
            count += 1
            heapq.heappush(events, (now + TRIP_S, count, control.start(now), None))
        wake_at = control.wake_at(now)
        if not events or wake_at < events[0][0]:
            now = max(now + 1e-4, wake_at) + 0.002 * rng.random()
            continue
        now, _, permit, admitted = heapq.heappop(events)
        if admitted is None:
            count += 1
            heapq.heappush(events, (now + TRIP_S, count, permit, limiter.admits(now)))
            continue
        wait_s = None
        if isinstance(limiter, Penalty) and not admitted and sends_retry_after:
            wait_s = max(0.0, limiter.until - now)
        verdict = Verdict.OK if admitted else Verdict.THROTTLED
        control.end(permit, now, Ending(verdict, 2 * TRIP_S, wait_s))  # type: ignore[arg-type]
        if now > begin_s:
            answered += admitted
            refused += not admitted
    return answered, refused
