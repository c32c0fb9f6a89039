"""Whose turn it is."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from crawlproj.frontier.base import Lease
from crawlproj.limits.base import Bounds
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.fixed import Fixed
from crawlproj.limits.permits import Permits
from crawlproj.limits.site import SiteControl
from crawlproj.scheduling.lease_buffer import LeaseBuffer
from tests.frontier.helpers import Now, entry

if TYPE_CHECKING:
    from crawlproj.scheduling.lease_buffer import Handout

OK = Ending(Verdict.OK, 0.1)


def bears(maximum: float) -> SiteControl:
    return SiteControl(Fixed(Bounds(maximum, maximum, maximum)), None, None)


def test_a_site_below_its_share_goes_before_sites_that_have_theirs() -> None:
    now = Now()
    limits = {"small.test": 1, "a.test": 8, "b.test": 8, "c.test": 8}
    permits = Permits(lambda site: bears(limits[site]), now, budget=8)
    buffer = LeaseBuffer(permits, now)
    numbers = count(1)
    for site in limits:
        buffer.add(Lease(next(numbers), entry(1, site), 0, 0.0) for _ in range(200))
    held: list[Handout] = []
    for _ in range(100):  # eight at once, as Scrapy does, until all have had their turns
        now.time += 0.1
        while len(held) < 8 and (handout := buffer.next()) is not None:
            held.append(handout)
        done = held.pop(0)
        permits.give_back(done.permit, OK)
        buffer.given_back(done.permit.site)
        if done.permit.site == "small.test":
            following = buffer.next()
            assert following is not None
            assert following.permit.site == "small.test"
            held.append(following)
    assert permits.in_flight("small.test") == 1
