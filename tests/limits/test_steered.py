"""Sites whose limits a user changes, or that a user holds."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import pytest

from crawlproj.limits.aimd import Aimd
from crawlproj.limits.base import Bounds
from crawlproj.limits.decisions import Rule
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.facts import facts_of
from crawlproj.limits.fixed import Fixed
from crawlproj.limits.headers import RatePolicy
from crawlproj.limits.health import Health
from crawlproj.limits.paused import PausedSites
from crawlproj.limits.permits import Permits
from crawlproj.limits.rate import RateLimit
from crawlproj.limits.site import SiteControl
from tests.limits.models import dice

if TYPE_CHECKING:
    from tests.frontier.helpers import Now

NOW = 1000.0
OK = Ending(Verdict.OK, 0.1)


def control(limit: float = 3, rate: float = inf) -> SiteControl:
    bounds = Bounds(limit, limit, limit)
    return SiteControl(Fixed(bounds), RateLimit(dice(), rate), Health(dice()))


def exactly(limit: float) -> Fixed:
    return Fixed(Bounds(limit, limit, limit))


def test_a_held_site_gets_no_permit_and_others_do(now: Now) -> None:
    permits = Permits(lambda _: control(), now)
    permits.paused = PausedSites(lambda site: site == "a.test")
    assert (permits.free("a.test"), permits.take_free("a.test")) == (0, None)
    assert permits.wake_at("a.test") == inf
    assert permits.take_free("b.test") is not None
    permits.paused = PausedSites()
    assert permits.take_free("a.test") is not None


def test_held_sites_rest_for_a_short_while_that_seldom_changes() -> None:
    held = PausedSites(lambda site: site.startswith("a"))
    assert "a.test" in held
    assert "b.test" not in held
    ends = {tuple(held.rests(NOW + s).items()) for s in range(10)}
    assert len(ends) == 1
    ((site, until),) = next(iter(ends))
    assert site == "a.test"
    assert NOW + 10 < until <= NOW + 30


def test_without_a_command_nothing_is_held() -> None:
    assert not PausedSites()
    assert "a.test" not in PausedSites()
    assert PausedSites().rests(NOW) == {}


def test_a_lower_limit_holds_at_once_and_a_higher_one_with_the_answers() -> None:
    one = control(3)
    permits = [one.start(NOW) for _ in range(3)]
    one.adopt(exactly(1), NOW)
    assert (one.cap, one.free(NOW)) == (1, 0)
    for permit in permits:
        one.end(permit, NOW + 1, OK)
    assert one.free(NOW + 1) == 1
    one.adopt(exactly(4), NOW + 1)
    caps = []
    for _ in range(5):
        one.end(one.start(NOW + 1), NOW + 1, OK)
        caps.append(one.cap)
    assert caps == [2, 3, 4, 4, 4]
    assert [decision.reason.rule for decision in one.decisions.latest()] == [Rule.COMMANDED] * 2


def test_another_maximum_continues_from_the_present_limit() -> None:
    one = SiteControl(Aimd(Bounds(2, 0.1, 8)), RateLimit(dice()), Health(dice()))
    one.adopt(Aimd(Bounds(2, 0.1, 64)), NOW)
    assert one.limit == 2
    one.adopt(Aimd(Bounds(1, 0.1, 1)), NOW)
    assert one.limit == 1


def test_what_was_in_flight_is_not_a_sample_for_another_estimator() -> None:
    one = control(3)
    permit = one.start(NOW)
    one.adopt(Aimd(Bounds(2, 0.1, 8)), NOW)
    one.end(permit, NOW + 1, OK)
    assert one.in_flight == 0


def test_a_commanded_rate_bounds_what_is_announced_and_can_be_lifted() -> None:
    rate = RateLimit(dice())
    assert (rate.rate, rate.by) == (inf, "")
    rate.set_maximum(5.0)
    assert (rate.rate, rate.by) == (5.0, "set")
    rate.on_policy(NOW, RatePolicy(rate=2.0))
    assert (round(rate.rate, 2), rate.by) == (1.96, "announced")
    rate.set_maximum(1.0)
    assert (rate.rate, rate.by) == (1.0, "set")
    rate.set_maximum(inf)
    assert rate.rate == inf


def test_the_facts_of_a_site_name_what_it_asked_for() -> None:
    one = control(3)
    one.end(one.start(NOW), NOW + 1, Ending(Verdict.THROTTLED, 0.1, retry_after_s=60.0))
    facts = facts_of(one)
    assert facts.asked is not None
    assert (facts.asked.at, facts.asked.seconds, facts.asked.throttled) == (NOW + 1, 60.0, True)
    assert facts.ready_at >= NOW + 61
    assert facts.rate_by == "refused"
    assert facts.rate_since == NOW + 1


@pytest.mark.parametrize("decided", [False, True])
def test_the_facts_have_the_latest_decision(*, decided: bool) -> None:
    one = control(3)
    if decided:
        one.adopt(exactly(1), NOW)
    decision = facts_of(one).decision
    assert (decision is not None) == decided
    if decision is not None:
        assert (decision.at, decision.before, decision.after) == (NOW, 3, 1)
        assert decision == one.decisions.latest()[-1]
