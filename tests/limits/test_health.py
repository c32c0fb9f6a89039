"""Outages: noticed, probed gently, and over with the first answer."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from crawlproj.limits.base import Bounds
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.fixed import Fixed
from crawlproj.limits.health import Health
from crawlproj.limits.site import SiteControl
from tests.limits.models import dice

if TYPE_CHECKING:
    from crawlproj.limits.permit import Permit

OK = Ending(Verdict.OK, 0.1)
AWAY = Ending(Verdict.OVERLOADED)


@pytest.fixture
def health() -> Health:
    return Health(dice(1))


def failed(health: Health, times: int, now: float = 1000.0) -> None:
    for _ in range(times):
        health.on_failure(now)


def test_a_site_is_down_after_four_failures_in_a_row(health: Health) -> None:
    failed(health, 3)
    assert health.down_since is None
    failed(health, 1, 1003.0)
    assert health.down_since == 1003.0


def test_an_answer_between_failures_keeps_the_site_up(health: Health) -> None:
    for n in range(20):
        failed(health, 3, 1000.0 + n)
        assert not health.on_answer(1000.5 + n, 0.1)
    assert health.down_since is None


def test_where_a_quarter_always_fails_more_failures_in_a_row_take_a_site_down(
    health: Health,
) -> None:
    for n in range(8):
        health.on_failure(1000.0 + n, usual=0.25)
    assert health.down_since is None
    health.on_failure(1008.0, usual=0.25)
    assert health.down_since == 1008.0


@pytest.mark.parametrize(("probes", "outage"), [(0, False), (1, False), (2, True)])
def test_the_first_answer_brings_the_site_back_from_an_outage_if_a_probe_had_failed(
    health: Health, probes: int, outage: bool
) -> None:
    failed(health, 4)
    for n in range(probes):
        health.on_start(1001.0 + n)
    assert health.on_answer(1010.0, 0.1) is outage
    assert health.down_since is None
    assert health.ready_at <= 1010
    assert not health.on_answer(1011.0, 0.1)


def test_canaries_start_a_second_apart_and_end_up_a_minute_apart(health: Health) -> None:
    failed(health, 4)
    gaps, now = [], 1000.0
    for _ in range(200):
        gaps.append(health.ready_at - now)
        now = health.ready_at
        health.on_start(now)
        health.on_failure(now)
    assert gaps[0] == 1
    assert all(1 <= gap <= 66 for gap in gaps)
    assert gaps[-1] >= 60
    assert gaps[1] < 2


def test_canaries_of_several_crawlers_are_spread_in_time() -> None:
    firsts = set()
    for seed in range(10):
        health = Health(dice(seed))
        failed(health, 4)
        health.on_start(1001)
        firsts.add(health.ready_at)
    assert len(firsts) == 10


def test_a_hang_is_eight_times_the_slowest_recent_answer_and_two_seconds_at_least(
    health: Health,
) -> None:
    assert health.hang_s == 5, "nothing is known"
    health.on_answer(1000.0, 0.01)
    assert health.hang_s == 2
    health.on_answer(1000.0, 3.0)
    assert health.hang_s == 24
    for _ in range(500):
        health.on_answer(1000.0, 0.01)
    assert health.hang_s == 2


def test_probes_are_an_eighth_of_the_outage_apart(health: Health) -> None:
    failed(health, 4)
    health.on_start(1100.0)
    assert 1112 <= health.ready_at < 1114


def test_a_request_lost_while_others_are_answered_does_not_take_the_site_down(
    health: Health,
) -> None:
    health.on_answer(1005.0, 0.1)
    health.on_lost(1005.5)
    assert health.down_since is None
    health.on_lost(1006.0 + health.hang_s)
    assert health.down_since is not None


def lost_until_down(health: Health, now: float) -> int:
    """Return how many requests in a row without an answer it takes, 10 s apart."""
    for lost in range(1, 100):
        health.on_lost(now + 10 * lost)
        if health.down_since is not None:
            return lost
    raise AssertionError("100 requests had no answer")


def test_after_each_outage_twice_as_many_requests_must_hang_until_that_is_forgotten(
    health: Health,
) -> None:
    needed, now = [], 1000.0
    for _ in range(7):
        needed.append(lost_until_down(health, now))
        now += 1000
        health.on_answer(now, 0.1)
    assert needed == [1, 2, 4, 8, 16, 16, 16]
    for _ in range(200):
        health.on_answer(now, 0.1)
    assert lost_until_down(health, now) == 1


class Site:
    """A control with up to ``limit`` in flight, whose requests hang, fail or are answered."""

    def __init__(self, limit: int) -> None:
        self.now = 1000.0
        bounds = Bounds(limit, limit, limit)
        self.control = SiteControl(Fixed(bounds), None, Health(dice(3)))

    def starts(self, seconds: float) -> list[tuple[float, Permit]]:
        """Take every free permit for a while; no request ends."""
        taken = []
        end = self.now + seconds
        while self.now < end:
            while self.control.free(self.now):
                taken.append((self.now, self.control.start(self.now)))
            self.now += 0.05
        return taken

    def end_all(self, permits: list[tuple[float, Permit]], ending: Ending) -> None:
        for _, permit in permits:
            self.control.end(permit, self.now, ending)


def test_one_canary_at_a_time_is_sent_to_a_site_that_refuses_connections() -> None:
    site = Site(8)
    first = site.starts(0.05)
    assert len(first) == 8
    site.end_all(first, AWAY)
    assert site.control.down
    canaries = []
    for _ in range(30):
        taken = site.starts(0.5)
        assert len(taken) <= 1
        site.end_all(taken, AWAY)
        canaries += taken
    assert all(permit.canary for _, permit in canaries)
    times = [at for at, _ in canaries]
    assert len(times) >= 5
    assert all(b - a >= 1 for a, b in itertools.pairwise(times))


def test_canaries_stay_a_second_apart_while_they_hang() -> None:
    site = Site(8)
    site.starts(0.05)
    taken = site.starts(120)
    assert site.control.down
    times = [at for at, permit in taken if permit.canary]
    assert len(times) >= 5, "the site is still probed although no canary ended"
    assert all(b - a >= 1 for a, b in itertools.pairwise(times))
    assert len(taken) == len(times), "only canaries"


def test_no_more_than_two_canaries_that_have_a_connection_wait_for_an_answer() -> None:
    site = Site(8)
    site.starts(0.05)
    waiting: list[tuple[float, Permit]] = []
    while site.now < 1060:
        taken = site.starts(0.05)
        for _, permit in taken:
            permit.written = permit.canary
        waiting += [each for each in taken if each[1].canary]
    assert len(waiting) == 2
    site.end_all(waiting[:1], AWAY)
    assert len(site.starts(20)) >= 1, "one that ended makes room for the next"


def test_the_first_answer_to_a_canary_opens_the_site_again() -> None:
    site = Site(8)
    site.end_all(site.starts(0.05), AWAY)
    canary = site.starts(1.5)
    assert len(canary) == 1
    site.end_all(canary, OK)
    assert not site.control.down
    assert site.control.free(site.now) == 2  # more with each answer


def test_a_refusal_is_an_answer() -> None:
    site = Site(8)
    site.end_all(site.starts(0.05), AWAY)
    site.end_all(site.starts(1.5), Ending(Verdict.THROTTLED, 0.1))
    assert not site.control.down


def test_unanswered_requests_among_answers_do_not_take_a_site_down() -> None:
    site = Site(8)
    chance = dice(7)
    flying: list[tuple[float, Permit]] = []
    dropped = 0
    for _ in range(2000):
        while site.control.free(site.now):
            permit = site.control.start(site.now)
            if chance.random() < 0.05:
                dropped += 1
            else:
                flying.append((site.now + 0.1, permit))
        site.now += 0.05
        for due in [due for due in flying if due[0] <= site.now]:
            flying.remove(due)
            site.control.end(due[1], site.now, OK)
        assert not site.control.down
    assert dropped > 50
