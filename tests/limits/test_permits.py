"""The permit counter, by examples."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlproj.limits.aimd import Aimd
from crawlproj.limits.base import Bounds
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.fixed import Fixed
from crawlproj.limits.health import Health
from crawlproj.limits.learned import Learned
from crawlproj.limits.permits import Permits
from crawlproj.limits.rate import RateLimit
from crawlproj.limits.site import SiteControl
from tests.frontier.helpers import Now
from tests.limits.models import active, dice
from tests.properties import examples

if TYPE_CHECKING:
    from crawlproj.limits.permit import Permit

SITE = "a.test"
OK = Ending(Verdict.OK, 0.1)
AWAY = Ending(Verdict.OVERLOADED)


def fixed(limit: float = 3) -> SiteControl:
    return SiteControl(Fixed(Bounds(limit, limit, limit)), None, None)


def learning(site: str) -> SiteControl:
    rng = dice(1)
    return SiteControl(Aimd(Bounds(2, 0.1, 64)), RateLimit(rng), Health(rng))


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def permits(now: Now) -> Permits:
    return Permits(lambda _: fixed(), now)


def test_a_permit_is_not_free_until_it_is_given_back(permits: Permits) -> None:
    first = permits.take(SITE)
    permits.take(SITE)
    assert (permits.free(SITE), permits.in_flight(SITE)) == (1, 2)
    assert active(permits) == {SITE: 2}
    assert permits.free("b.test")
    permits.give_back(first, OK)
    assert (permits.free(SITE), permits.in_flight(SITE)) == (2, 1)


def test_the_time_a_site_is_ready_does_not_depend_on_requests_in_flight(
    permits: Permits, now: Now
) -> None:
    for _ in range(3):
        permits.take(SITE)
    assert permits.wake_at(SITE) == math.inf
    assert permits.ready_at(SITE) == permits.ready_at("b.test") == now.time
    permits.rest_until(SITE, now.time + 5)
    assert permits.ready_at(SITE) == now.time + 5


def test_a_new_site_has_one_free_permit(permits: Permits) -> None:
    assert permits.free(SITE) == 1
    assert permits.in_flight(SITE) == 0
    assert active(permits) == {}
    assert permits.views() == {}


def test_taking_a_permit_when_none_is_free_is_an_error(permits: Permits) -> None:
    for _ in range(3):
        permits.take(SITE)
    with pytest.raises(ValueError, match=r"a\.test has no free permit"):
        permits.take(SITE)
    assert permits.in_flight(SITE) == 3


def test_giving_a_permit_back_twice_is_an_error(
    permits: Permits,
) -> None:
    first, second = permits.take(SITE), permits.take(SITE)
    permits.give_back(first)
    with pytest.raises(ValueError, match=r"this permit of a\.test was given back before"):
        permits.give_back(first)
    permits.give_back(second)
    with pytest.raises(ValueError, match=r"this permit of a\.test was given back before"):
        permits.give_back(second)
    assert permits.free(SITE) == 3


def test_a_delay_spaces_starts_and_allows_one_request_at_a_time(permits: Permits, now: Now) -> None:
    permits.set_delay(SITE, 5)
    assert permits.free(SITE) == 1
    first = permits.take(SITE)
    now.time += 2
    permits.give_back(first, OK)
    assert permits.free(SITE) == 0
    assert permits.wake_at(SITE) == 1005
    now.time = 1005
    permits.take(SITE)
    now.time = 1020
    assert permits.free(SITE) == 0, "the request before is still in flight"


def test_a_delay_counts_from_a_start_before_it_was_set(permits: Permits, now: Now) -> None:
    first = permits.take(SITE)
    now.time += 1
    permits.set_delay(SITE, 10)
    permits.give_back(first, OK)
    assert permits.wake_at(SITE) == 1010


def test_a_delay_can_be_removed(permits: Permits) -> None:
    permits.set_delay(SITE, 10)
    permits.take(SITE)
    permits.set_delay(SITE, 0)
    assert permits.free(SITE) == 2
    assert permits.resting() == {}
    assert permits.next_ready() is None


def test_removing_the_delay_of_an_unknown_site_creates_no_control(permits: Permits) -> None:
    permits.set_delay(SITE, 0)
    assert permits.views() == {}


def test_a_rest_is_never_shortened(permits: Permits, now: Now) -> None:
    permits.rest_until(SITE, 1060)
    permits.rest_until(SITE, 1030)
    assert permits.wake_at(SITE) == 1060
    now.time = 1059
    assert permits.free(SITE) == 0
    now.time = 1060
    assert permits.free(SITE) == 3


def test_resting_lists_sites_until_their_rest_is_over(permits: Permits, now: Now) -> None:
    permits.rest_until("a.test", 1010)
    permits.rest_until("b.test", 1020)
    permits.rest_until("past.test", 999)
    permits.rest_until("pacing.test", 1000.9)
    permits.take("c.test")
    assert sorted(permits.resting()) == ["a.test", "b.test"]
    now.time = 1010
    assert list(permits.resting()) == ["b.test"]


def test_next_ready_is_when_the_first_rest_ends(permits: Permits, now: Now) -> None:
    assert permits.next_ready() is None
    permits.rest_until("a.test", 1020)
    permits.rest_until("b.test", 1010)
    assert permits.next_ready() == 1010
    permits.rest_until("b.test", 1030)
    assert permits.next_ready() == 1020
    now.time = 1020
    assert permits.next_ready() == 1030


def test_a_retry_after_makes_its_site_rest(now: Now) -> None:
    permits = Permits(learning, now)
    permits.give_back(permits.take(SITE), Ending(Verdict.OVERLOADED, 0.1, retry_after_s=30.0))
    assert list(permits.resting()) == [SITE]
    assert permits.next_ready() == 1030
    permits.note("b.test", Ending(Verdict.THROTTLED, 0.1, retry_after_s=20.0))
    assert permits.next_ready() == 1020


@pytest.mark.parametrize("delay_s", [-1, math.inf, math.nan])
def test_a_delay_that_is_not_a_duration_is_refused(permits: Permits, delay_s: float) -> None:
    with pytest.raises(ValueError, match="a delay must be"):
        permits.set_delay(SITE, delay_s)


@pytest.mark.parametrize("when", [math.inf, math.nan])
def test_a_rest_without_an_end_is_refused(permits: Permits, when: float) -> None:
    with pytest.raises(ValueError, match="a rest must end"):
        permits.rest_until(SITE, when)


# Memory


def test_a_forgotten_control_is_rebuilt_from_what_was_learned(now: Now) -> None:
    permits = Permits(learning, now, max_controls=1)
    for _ in range(30):
        taken = [permits.take(SITE) for _ in range(permits.free(SITE))]
        for permit in taken:
            permits.give_back(permit, OK)
    limit = permits.views()[SITE].limit
    assert limit > 3
    permits.give_back(permits.take("b.test"), OK)
    assert set(permits.views()) == {"b.test"}
    permits.take(SITE)
    assert permits.views()[SITE].limit == limit


def test_a_forgotten_site_continues_to_rest(now: Now) -> None:
    permits = Permits(lambda _: fixed(), now, max_controls=1)
    permits.give_back(permits.take(SITE), Ending(Verdict.OVERLOADED, 0.1, retry_after_s=3600.0))
    permits.give_back(permits.take("b.test"), OK)
    assert set(permits.views()) == {"b.test"}
    assert permits.free(SITE) == 0
    assert permits.wake_at(SITE) == 4600
    assert list(permits.resting()) == [SITE]
    assert permits.next_ready() == 4600
    permits.note(SITE, Ending(Verdict.OK))  # builds a new control
    assert permits.free(SITE) == 0
    now.time = 4600
    assert permits.free(SITE)


def test_a_site_with_requests_in_flight_is_never_forgotten(now: Now) -> None:
    permits = Permits(lambda _: fixed(), now, max_controls=1)
    permits.take(SITE)
    for number in range(10):
        permits.set_delay(f"{number}.test", 5)
    assert permits.in_flight(SITE) == 1


@pytest.mark.parametrize("verdict", [Verdict.THROTTLED, Verdict.OVERLOADED])
def test_the_next_crawl_waits_for_the_rest_of_a_retry_after(now: Now, verdict: Verdict) -> None:
    before, after = Permits(learning, now), Permits(learning, now)
    before.give_back(before.take(SITE), Ending(verdict, 0.1, 60.0))

    after.recall(before.take_learned())

    now.time += 59.0
    assert not after.free(SITE)
    assert after.take_free(SITE) is None
    now.time += 5.0
    assert after.take_free(SITE) is not None


def test_a_site_continues_from_what_an_earlier_crawl_learned(now: Now) -> None:
    permits = Permits(learning, now)
    permits.recall({SITE: Learned(20, 4.0, 0.1, now.time)})
    permits.take(SITE)
    view = permits.views()[SITE]
    assert (view.limit, view.rate, view.state) == (20, 4, "limited")


def test_what_was_learned_is_returned_once(now: Now) -> None:
    permits = Permits(learning, now, max_controls=1)
    assert permits.take_learned() == {}
    permits.give_back(permits.take("a.test"), OK)
    permits.give_back(permits.take("b.test"), OK)  # a's control is forgotten
    learned = permits.take_learned()
    assert set(learned) == {"a.test", "b.test"}
    assert learned["a.test"].at == now.time
    assert permits.take_learned() == {}


def test_requests_without_a_permit_are_learned_from(now: Now) -> None:
    permits = Permits(learning, now)
    control = permits.observe(SITE, now.time - 1, 2, OK)
    assert control.limit > 2
    assert permits.in_flight(SITE) == 0
    assert permits.views()[SITE].limit == control.limit


def test_views_give_the_state_of_each_site(now: Now) -> None:
    permits = Permits(learning, now)
    permits.take("open.test")
    permits.rest_until("resting.test", 1060)
    permits.set_delay("limited.test", 4)
    for _ in range(4):
        permits.give_back(permits.take("down.test"), AWAY)
    views = permits.views()
    assert {site: view.state for site, view in views.items()} == {
        "open.test": "open",
        "resting.test": "resting",
        "limited.test": "limited",
        "down.test": "down",
    }
    assert views["resting.test"].blocked_s == 60
    assert views["open.test"].in_flight == 1
    assert views["limited.test"].rate == 0.25


# Groups


def domain(site: str) -> str:
    return site.split(".", 1)[1]


def test_sites_of_a_group_share_permits_rests_and_delays(now: Now) -> None:
    permits = Permits(lambda _: fixed(), now, group_of=domain)
    one = permits.take("a.shop.test")
    permits.take("b.shop.test")
    assert permits.free("c.shop.test") == 1
    assert permits.in_flight("c.shop.test") == 2
    assert active(permits) == {"shop.test": 2}
    permits.give_back(one, OK)
    assert permits.free("c.shop.test") == 2
    permits.rest_until("a.shop.test", 1050)
    assert permits.free("b.shop.test") == 0
    assert sorted(permits.resting()) == ["a.shop.test", "b.shop.test", "c.shop.test"]
    assert sorted(permits.members("b.shop.test")) == permits_of_shop(permits)
    assert permits.free("a.other.test") == 1


def permits_of_shop(permits: Permits) -> list[str]:
    return sorted(permits.members("a.shop.test"))


def test_a_permit_goes_back_to_its_group_even_after_the_site_has_moved(now: Now) -> None:
    addresses = {"a.test": "a.test"}
    permits = Permits(lambda _: fixed(), now, group_of=lambda site: addresses[site])
    permit = permits.take("a.test")
    addresses["a.test"] = "127.0.0.1"
    permits.give_back(permit, OK)
    assert active(permits) == {}


# The budget


def crawl_all(permits: Permits, sites: list[str], now: Now, rounds: int) -> dict[str, list[Permit]]:
    """Let ``sites`` take all free permits, ``rounds`` times; return those they hold at the end."""
    held: dict[str, list[Permit]] = {site: [] for site in sites}
    for _ in range(rounds):
        now.time += 0.1
        for site in sites:
            if held[site]:
                permits.give_back(held[site].pop(0), OK)
        for site in sites:
            while permits.free(site):
                held[site].append(permits.take(site))
    return held


def max_min(budget: float, demands: list[float]) -> list[float]:
    """Return the max-min fair shares, found by water-filling."""
    shares = dict.fromkeys(range(len(demands)), 0.0)
    left, open_ones = budget, set(shares)
    while open_ones and left > 1e-9:
        step = min(left / len(open_ones), *(demands[n] - shares[n] for n in open_ones))
        for n in open_ones:
            shares[n] += step
        left -= step * len(open_ones)
        open_ones = {n for n in open_ones if shares[n] < demands[n] - 1e-9}
    return [shares[n] for n in range(len(demands))]


@examples(60)
@given(demands=st.lists(st.integers(1, 20), min_size=1, max_size=12), budget=st.integers(1, 64))
def test_sites_that_want_more_than_the_budget_get_their_max_min_share(
    demands: list[int], budget: int
) -> None:
    now = Now()
    sites = {f"{n}.test": demand for n, demand in enumerate(demands)}
    permits = Permits(lambda site: fixed(sites[site]), now, budget=budget)
    held = crawl_all(permits, list(sites), now, 60)
    shares = max_min(budget, [float(demand) for demand in demands])
    assert sum(map(len, held.values())) <= budget + len(sites)
    for taken, share in zip(held.values(), shares, strict=True):
        # Rounded up or down to whole requests, and at least one.
        assert max(1, math.floor(share + 1e-6)) <= len(taken) <= math.ceil(share - 1e-6)
    if sum(demands) <= budget:
        assert [len(taken) for taken in held.values()] == demands


class _Chaos:
    """Sites with 1 to 21 permits, taken and given back in any order."""

    def __init__(self, budget: int) -> None:
        self.now = Now()
        self.budget = budget
        self.permits = Permits(lambda site: fixed(1 + 4 * int(site[0])), self.now, budget=budget)
        self.held: list[Permit] = []

    def check(self) -> None:
        taken = active(self.permits)
        assert sum(taken.values()) <= self.budget + len(taken)


@examples(60)
@given(
    budget=st.integers(1, 20),
    steps=st.lists(
        st.tuples(st.sampled_from("012345"), st.integers(0, 30), st.sampled_from([0.0, 0.1, 0.3])),
        max_size=60,
    ),
)
def test_the_budget_is_never_exceeded_by_more_than_one_request_a_site(
    budget: int, steps: list[tuple[str, int, float]]
) -> None:
    chaos = _Chaos(budget)
    for site, ends, seconds in steps:
        chaos.now.time += seconds
        while chaos.permits.free(f"{site}.test"):
            chaos.held.append(chaos.permits.take(f"{site}.test"))
        chaos.check()
        for _ in range(min(ends, len(chaos.held))):
            chaos.permits.give_back(chaos.held.pop(0), OK)


def test_a_resting_site_takes_no_share_of_the_budget(now: Now) -> None:
    permits = Permits(lambda _: fixed(8), now, budget=8)
    permits.rest_until("away.test", 2000)
    held = crawl_all(permits, ["away.test", "here.test"], now, 10)
    assert len(held["here.test"]) == 8


def test_a_site_at_its_share_is_tried_again_soon(now: Now) -> None:
    permits = Permits(lambda _: fixed(8), now, budget=8)
    held = crawl_all(permits, ["a.test", "b.test"], now, 10)
    assert {len(permits) for permits in held.values()} == {4}
    assert now.time < permits.wake_at("a.test") <= now.time + 1


def test_sites_below_their_share_rounded_down_are_assured(now: Now) -> None:
    permits = Permits(lambda _: fixed(8), now, budget=7)
    assert permits.assured("a.test")  # there is room for every site
    held = crawl_all(permits, ["a.test", "b.test", "c.test"], now, 40)
    assert all(len(mine) in (2, 3) for mine in held.values())  # 7/3 each
    assert not any(map(permits.assured, held))
    while len(held["a.test"]) > 1:
        permits.give_back(held["a.test"].pop())
    assert permits.assured("a.test")
    assert not permits.assured("b.test")


class Known(Fixed):
    """A fixed limit that knows how long answers take without a queue."""

    def __init__(self, limit: float, unloaded_s: float) -> None:
        super().__init__(Bounds(limit, limit, limit))
        self._unloaded_s = unloaded_s

    @property
    def unloaded_s(self) -> float:
        return self._unloaded_s


TIMES_S = {"a.test": 0.3, "b.test": 0.4, "c.test": 3.0, "slow.test": 20.0, "new.test": 0.0}


def test_a_site_ten_times_slower_than_most_has_one_in_flight_while_others_use_the_budget(
    now: Now,
) -> None:
    permits = Permits(lambda site: SiteControl(Known(4, TIMES_S[site]), None, None), now, budget=15)
    held = crawl_all(permits, list(TIMES_S), now, 40)
    assert len(held.pop("slow.test")) == 1
    assert all(len(mine) in (3, 4) for mine in held.values())


def test_a_slow_site_has_what_the_others_leave(now: Now) -> None:
    limits = {"a.test": 4, "b.test": 4, "slow.test": 60}
    permits = Permits(
        lambda site: SiteControl(Known(limits[site], TIMES_S[site]), None, None), now, budget=32
    )
    held = crawl_all(permits, list(limits), now, 40)
    assert {site: len(mine) for site, mine in held.items()} == {**limits, "slow.test": 24}


def test_slow_sites_that_are_alone_share_the_budget(now: Now) -> None:
    sites = ["a.test", "b.test"]
    permits = Permits(lambda _: SiteControl(Known(8, 20.0), None, None), now, budget=8)
    assert {len(mine) for mine in crawl_all(permits, sites, now, 40).values()} == {4}


def test_a_site_that_hangs_holds_one_permit_while_others_use_the_budget(now: Now) -> None:
    def make(site: str) -> SiteControl:
        health = Health(dice(1)) if site == SITE else None
        return SiteControl(Fixed(Bounds(6, 6, 6)), None, health)

    permits = Permits(make, now, budget=8)
    others = [permits.take("b.test") for _ in range(6)]
    hanging = permits.take(SITE)
    now.time += 120  # it is down now, and the next probe is due
    permits.free(SITE)
    now.time += 120
    assert permits.free(SITE) == 0
    permits.give_back(hanging, AWAY)
    assert permits.free(SITE) == 1
    hanging = permits.take(SITE)
    now.time += 120
    assert permits.free(SITE) == 0
    permits.give_back(others.pop(), OK)
    assert permits.free(SITE) == 1
