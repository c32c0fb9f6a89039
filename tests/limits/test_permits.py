"""The permit counter, example by example."""

from __future__ import annotations

import math

import pytest

from crawlproj.limits.permits import Permits
from tests.frontier.helpers import Now

SITE = "a.test"


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def permits(now: Now) -> Permits:
    return Permits(3, now)


def test_a_new_site_has_all_its_permits(permits: Permits, now: Now) -> None:
    assert permits.free(SITE) == 3
    assert permits.in_flight(SITE) == 0
    assert permits.ready_at(SITE) == now.time
    assert permits.active() == {}


def test_a_permit_taken_is_missing_until_it_is_given_back(permits: Permits) -> None:
    permits.take(SITE)
    permits.take(SITE)
    assert (permits.free(SITE), permits.in_flight(SITE)) == (1, 2)
    assert permits.active() == {SITE: 2}
    assert permits.free("b.test") == 3
    permits.give_back(SITE)
    assert (permits.free(SITE), permits.in_flight(SITE)) == (2, 1)


def test_more_than_there_are_cannot_be_taken(permits: Permits) -> None:
    for _ in range(3):
        permits.take(SITE)
    with pytest.raises(ValueError, match=r"no permit of a\.test is free"):
        permits.take(SITE)
    assert permits.in_flight(SITE) == 3


def test_giving_back_what_was_not_taken_is_a_bug(permits: Permits) -> None:
    permits.take(SITE)
    permits.give_back(SITE)
    with pytest.raises(ValueError, match=r"no permit of a\.test was taken"):
        permits.give_back(SITE)


def test_a_delay_spaces_starts_and_lets_one_run_at_a_time(permits: Permits, now: Now) -> None:
    permits.set_delay(SITE, 5)
    assert permits.free(SITE) == 1
    permits.take(SITE)
    now.time += 2
    permits.give_back(SITE)
    assert permits.free(SITE) == 0
    assert permits.ready_at(SITE) == 1005
    now.time = 1005
    assert permits.free(SITE) == 1
    permits.take(SITE)
    now.time = 1020
    assert permits.free(SITE) == 0, "the one before still runs"


def test_a_delay_counts_from_a_start_before_it_was_known(permits: Permits, now: Now) -> None:
    permits.take(SITE)
    now.time += 1
    permits.set_delay(SITE, 10)
    permits.give_back(SITE)
    assert permits.ready_at(SITE) == 1010


def test_a_delay_that_is_lifted_delays_no_more(permits: Permits, now: Now) -> None:
    permits.set_delay(SITE, 10)
    permits.take(SITE)
    permits.set_delay(SITE, 0)
    assert permits.free(SITE) == 2
    assert permits.resting() == []
    assert permits.next_ready() is None


def test_a_rest_is_never_shortened(permits: Permits, now: Now) -> None:
    permits.rest_until(SITE, 1060)
    permits.rest_until(SITE, 1030)
    assert permits.ready_at(SITE) == 1060
    now.time = 1059
    assert permits.free(SITE) == 0
    now.time = 1060
    assert permits.free(SITE) == 3


def test_a_rest_in_the_past_changes_nothing(permits: Permits) -> None:
    permits.rest_until(SITE, 999)
    assert permits.free(SITE) == 3
    assert permits.resting() == []


def test_the_sites_that_rest_are_named_until_their_rest_is_over(permits: Permits, now: Now) -> None:
    permits.rest_until("a.test", 1010)
    permits.rest_until("b.test", 1020)
    permits.take("c.test")
    assert sorted(permits.resting()) == ["a.test", "b.test"]
    now.time = 1010
    assert permits.resting() == ["b.test"]


def test_the_first_site_to_be_ready_is_told(permits: Permits, now: Now) -> None:
    assert permits.next_ready() is None
    permits.rest_until("a.test", 1020)
    permits.rest_until("b.test", 1010)
    assert permits.next_ready() == 1010
    permits.rest_until("b.test", 1030)
    assert permits.next_ready() == 1020
    now.time = 1020
    assert permits.next_ready() == 1030


def test_a_rest_is_told_of_even_while_its_site_is_at_its_limit(permits: Permits, now: Now) -> None:
    permits.set_delay(SITE, 5)
    permits.take(SITE)
    assert (permits.resting(), permits.next_ready()) == ([SITE], 1005)
    now.time = 1005
    assert (permits.resting(), permits.next_ready(), permits.free(SITE)) == ([], None, 0)


def test_a_cap_holds_below_the_maximum_only(permits: Permits) -> None:
    permits.set_cap(SITE, 1)
    permits.take(SITE)
    assert permits.free(SITE) == 0
    permits.set_cap(SITE, 2)
    assert permits.free(SITE) == 1
    permits.set_cap(SITE, 99)
    assert permits.free(SITE) == 2


def test_a_cap_below_what_is_in_flight_admits_nothing_until_enough_ended(permits: Permits) -> None:
    for _ in range(3):
        permits.take(SITE)
    permits.set_cap(SITE, 1)
    permits.give_back(SITE)
    permits.give_back(SITE)
    assert permits.free(SITE) == 0
    permits.give_back(SITE)
    assert permits.free(SITE) == 1


@pytest.mark.parametrize("delay_s", [-1, math.inf, math.nan])
def test_a_delay_that_is_no_time_is_refused(permits: Permits, delay_s: float) -> None:
    with pytest.raises(ValueError, match="a delay must be"):
        permits.set_delay(SITE, delay_s)


@pytest.mark.parametrize("when", [math.inf, math.nan])
def test_a_rest_without_an_end_is_refused(permits: Permits, when: float) -> None:
    with pytest.raises(ValueError, match="a rest must end"):
        permits.rest_until(SITE, when)


def test_no_permits_at_all_are_refused(permits: Permits, now: Now) -> None:
    with pytest.raises(ValueError, match="a cap must be at least 1"):
        permits.set_cap(SITE, 0)
    with pytest.raises(ValueError, match="max_per_site must be at least 1"):
        Permits(0, now)


def test_sites_with_nothing_to_remember_are_forgotten(permits: Permits, now: Now) -> None:
    for number in range(1000):
        permits.take(f"{number}.test")
        permits.give_back(f"{number}.test")
        permits.rest_until(f"{number}.test", now.time + 1)
    now.time += 1
    assert permits.resting() == []
    assert permits.next_ready() is None
    assert _size(permits) == 0


def test_of_idle_sites_the_one_used_longest_ago_is_forgotten_first(now: Now) -> None:
    permits = Permits(3, now, max_remembered=2)
    permits.set_delay("a.test", 5)
    permits.set_delay("b.test", 5)
    permits.take("a.test")
    permits.give_back("a.test")
    permits.set_delay("c.test", 5)
    assert permits.free("b.test") == 3, "forgotten"
    assert permits.free("a.test") == 0, "remembered"
    assert permits.free("c.test") == 1, "remembered"


def test_a_site_in_flight_is_never_forgotten(now: Now) -> None:
    permits = Permits(3, now, max_remembered=1)
    permits.take(SITE)
    for number in range(10):
        permits.set_delay(f"{number}.test", 5)
    assert permits.in_flight(SITE) == 1


def test_ever_longer_rests_take_no_more_memory(permits: Permits, now: Now) -> None:
    permits.rest_until("first.test", 1001)
    for seconds in range(2, 10_000):
        permits.rest_until(SITE, 1000 + seconds)
    assert len(permits._queue) < 100
    assert permits.next_ready() == 1001


def _size(permits: Permits) -> int:
    return sum(map(len, (permits._busy, permits._idle, permits._resting, permits._queue)))
