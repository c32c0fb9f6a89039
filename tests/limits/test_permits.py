"""The permit counter, example by example and against a simpler model of itself."""

from __future__ import annotations

import math

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

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
    with pytest.raises(ValueError, match=r"no permit of a\.test is taken"):
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


def test_a_site_at_its_limit_is_not_the_next_to_be_ready(permits: Permits, now: Now) -> None:
    permits.set_delay(SITE, 5)
    permits.take(SITE)
    permits.rest_until("b.test", 1060)
    assert permits.next_ready() == 1060
    assert sorted(permits.resting()) == [SITE, "b.test"]
    permits.give_back(SITE)
    assert permits.next_ready() == 1005


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


class PermitsMachine(RuleBasedStateMachine):
    """Any calls at all: the cap holds, starts are the delay apart, and nobody waits for ever."""

    sites = st.sampled_from(["a.test", "b.test", "c.test"])
    seconds = st.floats(0, 20)

    def __init__(self) -> None:
        super().__init__()
        self.now = Now()
        self.permits = Permits(3, self.now)
        self.in_flight: dict[str, int] = {}
        self.caps: dict[str, int] = {}
        self.delays: dict[str, float] = {}
        self.rests: dict[str, float] = {}
        self.started: dict[str, float] = {}  # of sites whose delay it counts for

    def limit(self, site: str) -> int:
        return 1 if self.delays.get(site) else self.caps.get(site, 3)

    def ready_at(self, site: str) -> float:
        after_start = self.started.get(site, 0.0) + self.delays.get(site, 0.0)
        return max(self.rests.get(site, 0.0), after_start if self.delays.get(site) else 0.0)

    def free(self, site: str) -> int:
        if self.ready_at(site) > self.now.time:
            return 0
        return max(0, self.limit(site) - self.in_flight.get(site, 0))

    @rule(seconds=seconds)
    def wait(self, seconds: float) -> None:
        self.now.time += seconds

    @rule(site=sites)
    def start(self, site: str) -> None:
        if not self.free(site):
            with pytest.raises(ValueError, match="is free"):
                self.permits.take(site)
            return
        self.permits.take(site)
        self.in_flight[site] = self.in_flight.get(site, 0) + 1
        self.started[site] = self.now.time

    @precondition(lambda self: any(self.in_flight.values()))
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        site = data.draw(st.sampled_from([site for site, n in self.in_flight.items() if n]))
        self.permits.give_back(site)
        self.in_flight[site] -= 1
        if not self.in_flight[site] and not self.delays.get(site):
            self.forget_start(site)

    @rule(site=sites, delay_s=st.just(0.0) | seconds)
    def delay(self, site: str, delay_s: float) -> None:
        self.permits.set_delay(site, delay_s)
        self.delays[site] = delay_s
        if not delay_s and not self.in_flight.get(site):
            self.forget_start(site)

    @rule(site=sites, seconds=seconds)
    def rest(self, site: str, seconds: float) -> None:
        self.permits.rest_until(site, self.now.time + seconds)
        self.rests[site] = max(self.rests.get(site, 0.0), self.now.time + seconds)

    @rule(site=sites, cap=st.integers(1, 5))
    def cap(self, site: str, cap: int) -> None:
        self.permits.set_cap(site, cap)
        self.caps[site] = min(cap, 3)

    def forget_start(self, site: str) -> None:
        # Whether an idle site's start is still known depends on what else is remembered of it:
        # the contract promises it for starts in flight. Let it have been long ago.
        self.now.time = max(self.now.time, self.started.pop(site, 0.0) + 20)

    @invariant()
    def agrees_with_the_model(self) -> None:
        for site in ("a.test", "b.test", "c.test"):
            assert self.permits.free(site) == self.free(site)
            assert self.permits.in_flight(site) == self.in_flight.get(site, 0)
            assert self.permits.ready_at(site) == max(self.now.time, self.ready_at(site))
        assert self.permits.active() == {site: n for site, n in self.in_flight.items() if n}
        resting = {
            site for site in ("a.test", "b.test", "c.test") if self.ready_at(site) > self.now.time
        }
        assert set(self.permits.resting()) == resting
        waiting = [
            self.ready_at(site)
            for site in resting
            if self.in_flight.get(site, 0) < self.limit(site)
        ]
        assert self.permits.next_ready() == (min(waiting) if waiting else None)


TestPermitsMachine = PermitsMachine.TestCase
TestPermitsMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
