"""A site that wants to be left alone for too long is given up, until the time it asked for."""

from __future__ import annotations

import random
from math import inf

import pytest

from crawlproj.frontier.base import State
from crawlproj.limits.base import Bounds
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.fixed import Fixed
from crawlproj.limits.headers import RatePolicy
from crawlproj.limits.health import Health
from crawlproj.limits.permits import Permits
from crawlproj.limits.site import SiteControl
from crawlproj.reasons import outcome_of
from crawlproj.scheduling.crawl_delays import CrawlDelays
from crawlproj.scheduling.patience import GivenUp, Patience

SITE = "a.test"
YEAR_S = 365 * 86_400.0


class Desk:
    """Permits and a patience of an hour, at ``now``."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.permits = Permits(self._control, lambda: self.now)
        self.patience = Patience(3600.0, self.permits, lambda: self.now)

    @staticmethod
    def _control(_: str) -> SiteControl:
        health = Health(random.Random(1))  # noqa: S311 - a test's dice
        return SiteControl(Fixed(Bounds(4, 1, 4)), None, health)

    def outcome(self) -> tuple[State, str] | None:
        try:
            self.patience.check(SITE)
        except GivenUp as exc:
            return outcome_of(exc)
        return None


@pytest.mark.parametrize(
    ("answered", "asked", "patience_s"),
    [(True, False, 3600), (False, False, 120), (False, True, 3600)],
)
def test_a_site_that_refuses_everything_is_given_up(
    answered: bool,
    asked: bool,
    patience_s: float,
) -> None:
    desk = Desk()
    if answered:
        desk.patience.on_accepted(SITE)
    for passed_s in (0, patience_s, 1):
        assert desk.outcome() is None
        desk.now += passed_s
        desk.patience.on_refused(SITE, asked=asked)
    assert desk.outcome() == (State.FAILED, "site-rests")
    desk.now += 3601
    desk.patience.on_refused(SITE, asked=asked)
    assert desk.outcome() is None, "it is asked again later"


def test_a_page_in_between_begins_the_patience_anew() -> None:
    desk = Desk()
    for _ in range(3):
        desk.patience.on_refused(SITE, asked=False)
        desk.now += 110
        desk.patience.on_refused(SITE, asked=False)
        desk.patience.on_accepted(SITE)
    assert desk.outcome() is None


def test_a_rest_within_the_patience_stays_as_it_is() -> None:
    desk = Desk()
    ending = Ending(Verdict.THROTTLED, retry_after_s=3600.0)
    assert desk.patience.heed(SITE, ending) is ending
    assert desk.patience.heed_delay(SITE, 60.0) == 60.0
    assert desk.outcome() is None


@pytest.mark.parametrize(
    "ending",
    [
        Ending(Verdict.THROTTLED, retry_after_s=10 * YEAR_S),
        Ending(Verdict.OVERLOADED, retry_after_s=3601.0),
        Ending(Verdict.OK, policy=RatePolicy(remaining=0.0, reset_s=YEAR_S)),
    ],
)
def test_a_longer_rest_gives_the_site_up_for_that_long(ending: Ending) -> None:
    desk = Desk()
    asked_s = ending.retry_after_s or YEAR_S
    heeded = desk.patience.heed(SITE, ending)
    assert (heeded.retry_after_s, heeded.policy) == (None, None)
    assert desk.outcome() == (State.FAILED, "site-rests")
    with pytest.raises(GivenUp, match=f"{asked_s:,.0f} s, more than SITE_PATIENCE"):
        desk.patience.check(SITE)
    desk.now += asked_s + 1
    assert desk.outcome() is None


def test_a_quota_that_is_not_used_up_is_no_rest() -> None:
    desk = Desk()
    ending = Ending(Verdict.OK, policy=RatePolicy(remaining=5.0, reset_s=YEAR_S))
    assert desk.patience.heed(SITE, ending) is ending
    assert desk.outcome() is None


def test_a_crawl_delay_that_is_too_long_gives_the_site_up_and_delays_nothing() -> None:
    desk = Desk()
    delays = CrawlDelays(desk.permits, lambda _: 0.0, desk.patience.heed_delay)
    delays.on_robots_parsed(SITE, f"https://{SITE}", 1e9)
    assert desk.outcome() == (State.FAILED, "site-rests")
    assert delays.of(SITE) == 0.0
    desk.permits.give_back(desk.permits.take(SITE))
    assert desk.permits.free(SITE), "its requests end without being sent"


@pytest.mark.parametrize(("answered", "limit_s"), [(False, 120.0), (True, 3600.0)])
def test_a_site_is_away_for_so_long_at_most(answered: bool, limit_s: float) -> None:
    desk = Desk()
    desk.patience.on_away(SITE, limit_s, answered=answered)
    assert desk.outcome() is None
    desk.patience.on_away(SITE, limit_s + 1, answered=answered)
    assert desk.outcome() == (State.FAILED, "site-away")


def test_a_site_that_was_given_up_hands_out_its_requests_at_once() -> None:
    desk = Desk()
    for _ in range(4):
        desk.permits.give_back(desk.permits.take(SITE), Ending(Verdict.OVERLOADED))
    assert not desk.permits.free(SITE), "it is down"
    desk.now += 121.0
    assert desk.permits.away(SITE) == (121.0, -inf)
    desk.patience.on_away(SITE, *desk.permits.away(SITE)[:1], answered=False)
    for _ in range(20):
        desk.permits.give_back(desk.permits.take(SITE))
