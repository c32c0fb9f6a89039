"""A request's permit, from when it is handed out until its download has ended."""

from __future__ import annotations

import asyncio
from math import inf

import pytest
from scrapy import Request

from crawlproj.frontier.base import Entry, Lease
from crawlproj.http.access import LOGIN
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.paused import PausedSites
from crawlproj.limits.permits import Permits
from crawlproj.limits.rate import RateLimit
from crawlproj.scheduling.admission import Admission
from crawlproj.scheduling.crawl_delays import CrawlDelays
from crawlproj.scheduling.direct import DirectRequests
from crawlproj.scheduling.fence import Fence, LeaseLost
from crawlproj.scheduling.lease_buffer import Handout
from crawlproj.scheduling.patience import Patience
from crawlproj.scheduling.site_groups import SiteGroups
from crawlproj.scheduling.work import WorkInHand
from tests.limits.models import dice
from tests.scheduling.desk import control, in_virtual_time

SITE = "a.test"
OK = Ending(Verdict.OK, 0.1)


class Desk:
    """An admission at ``now``, with a delay of two seconds. valid: whether the leases are."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.valid = True
        self.permits = Permits(lambda _: control(4), lambda: self.now)
        in_hand = WorkInHand()
        delays = CrawlDelays(self.permits, lambda _: 2.0)
        self.admission = Admission(
            self.permits,
            in_hand,
            delays,
            SiteGroups("host"),
            Fence(in_hand, lambda: self.valid, spider=None),
            Patience(3600.0, self.permits, lambda: self.now),
            lambda _, permit, ending: self.permits.give_back(permit, ending),
            DirectRequests(self.permits, delays, lambda: self.now, lambda _: None),
        )

    def hand_out(self) -> Request:
        request = Request(f"https://{SITE}/")
        lease = Lease(1, Entry(1, SITE, request.url), 0, self.now + 30)
        self.admission.start(Handout(lease, self.permits.take(SITE), 0.0), request)
        return request


def test_a_delay_counts_from_when_the_request_was_written_to_its_connection() -> None:
    desk = Desk()
    request = desk.hand_out()
    desk.now += 1
    desk.admission.on_sent(request)
    desk.now += 5  # looked the name up, and connected
    desk.admission.before_send(request)
    desk.now += 1
    desk.admission.on_downloaded(request, OK)
    assert not desk.permits.free(SITE)
    desk.now += 1
    assert desk.permits.free(SITE)


def test_a_request_that_may_not_be_sent_gives_its_permit_back() -> None:
    desk = Desk()
    request = desk.hand_out()
    desk.valid = False
    with pytest.raises(LeaseLost):
        desk.admission.before_send(request)
    assert desk.permits.in_flight(SITE) == 1
    desk.admission.on_downloaded(request, Ending(Verdict.IGNORED))
    assert desk.permits.in_flight(SITE) == 0
    assert desk.admission.permit_of(request) is None


def test_a_request_whose_answer_has_begun_is_not_lost_while_the_rest_arrives() -> None:
    desk = Desk()
    request = desk.hand_out()
    desk.admission.before_send(request)
    desk.admission.on_answer(request)
    permit = desk.admission.permit_of(request)
    assert permit is not None
    desk.now += 600
    assert not desk.permits.free(SITE)
    assert not permit.lost
    desk.admission.on_downloaded(request, OK)
    desk.admission.on_answer(request)  # it has no permit any more, and that does not matter


class FakeDownloads:
    """Records how many idle connections a site may keep."""

    def __init__(self) -> None:
        self.kept: list[int] = []

    def close_idle(self, _: Request, keep: int) -> None:
        self.kept.append(keep)


@pytest.mark.parametrize(
    ("verdict", "kept"),
    [(Verdict.THROTTLED, [1]), (Verdict.OVERLOADED, [1]), (Verdict.OK, []), (Verdict.IGNORED, [])],
)
def test_a_site_that_refuses_keeps_no_more_idle_connections_than_it_may_have_in_flight(
    verdict: Verdict, kept: list[int]
) -> None:
    desk, downloads = Desk(), FakeDownloads()
    desk.admission.watch(downloads)  # type: ignore[arg-type]
    request = desk.hand_out()
    desk.admission.before_send(request)
    desk.admission.on_downloaded(request, Ending(verdict))
    assert downloads.kept == kept


def test_another_request_with_a_permit_waits_for_the_delay_and_not_while_its_site_is_held() -> None:
    desk = Desk()
    request = desk.hand_out()
    desk.admission.before_send(request)
    assert desk.admission.polite_at(request) == desk.now + 2
    desk.permits.rest_until(SITE, desk.now + 60)
    assert desk.admission.polite_at(request) == desk.now + 60
    desk.permits.paused = PausedSites(lambda site: site == SITE)
    assert desk.admission.polite_at(request) == inf


@in_virtual_time
async def test_a_login_waits_for_no_permit_because_its_site_gets_none_until_it_is_done() -> None:
    desk = Desk()
    desk.permits.paused = PausedSites(lambda site: site == SITE)
    await desk.admission.admit(Request(f"https://{SITE}/login", meta={LOGIN: True}))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1000):
            await desk.admission.admit(Request(f"https://{SITE}/"))


def test_a_request_without_a_permit_is_sent_at_once() -> None:
    desk = Desk()
    desk.valid = False
    desk.admission.before_send(Request(f"https://{SITE}/robots.txt"))
    assert desk.admission.on_sent(Request(f"https://{SITE}/robots.txt")) is None


def test_a_site_whose_refusals_were_not_its_own_has_no_rate_any_more() -> None:
    desk = Desk()
    request = desk.hand_out()
    site = desk.permits.control_of(SITE)
    assert site is not None
    site.rate_limit = RateLimit(dice(1))
    site.rate_limit.on_start(desk.now)
    site.rate_limit.on_refused(desk.now, desk.now, None)
    site.set_delay(0)
    assert site.rate < inf
    desk.admission.forgive(request)
    assert site.rate == inf
