"""The state of a site tells what bounds its rate."""

from __future__ import annotations

from math import inf

from crawlproj.limits.base import Bounds
from crawlproj.limits.fixed import Fixed
from crawlproj.limits.rate import RateLimit
from crawlproj.limits.site import SiteControl
from crawlproj.limits.view import view_of
from tests.limits.models import dice


def control(maximum: float = inf) -> SiteControl:
    return SiteControl(Fixed(Bounds()), RateLimit(dice(1), maximum), None)


def test_a_site_without_a_bound_has_none_to_name() -> None:
    assert view_of(control(), 0.0).rate_by == ""
    assert view_of(SiteControl(Fixed(Bounds()), None, None), 0.0).rate_by == ""


def test_a_delay_is_named_if_it_asks_for_more_than_the_rate() -> None:
    site = control(maximum=2.0)
    site.set_delay(0.1)
    assert view_of(site, 0.0).rate_by == "set"
    site.set_delay(1.0)
    assert view_of(site, 0.0).rate_by == "delay"


def test_a_delay_is_named_where_no_rate_is_learned() -> None:
    site = SiteControl(Fixed(Bounds()), None, None)
    site.set_delay(1.0)
    assert view_of(site, 0.0).rate_by == "delay"


def test_a_rate_that_refusals_showed_is_named_so() -> None:
    site = control()
    assert site.rate_limit is not None
    site.rate_limit.on_refused(1.0, 0.5, None)
    assert view_of(site, 2.0).rate_by == "refused"
