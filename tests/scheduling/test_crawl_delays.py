from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawlproj.limits.base import Bounds
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.fixed import Fixed
from crawlproj.limits.permits import Permits
from crawlproj.limits.site import SiteControl
from crawlproj.scheduling.crawl_delays import CrawlDelays

if TYPE_CHECKING:
    from tests.frontier.helpers import Now


def permits(now: Now, **options: object) -> Permits:
    bounds = Bounds(4.0, 1.0, 4.0)
    return Permits(lambda _: SiteControl(Fixed(bounds), None, None), now, **options)  # type: ignore[arg-type]


def delays(now: Now, configured_s: float = 0.0, **options: object) -> tuple[CrawlDelays, Permits]:
    made = permits(now, **options)
    return CrawlDelays(made, lambda _: configured_s), made


def test_the_longest_of_the_settings_and_every_origin_holds(now: Now) -> None:
    it, _ = delays(now, 1.0)
    assert it.of("a.test") == 1.0
    it.on_robots_parsed("a.test", "https://a.test", 3.0)
    it.on_robots_parsed("a.test", "http://a.test", 2.0)
    assert it.of("a.test") == 3.0
    assert it.of("b.test") == 1.0


def test_http_does_not_lift_the_delay_that_https_asks_for(now: Now) -> None:
    it, _ = delays(now)
    it.on_robots_parsed("a.test", "https://a.test", 3.0)
    it.on_robots_parsed("a.test", "http://a.test", None)
    assert it.of("a.test") == 3.0
    it.on_robots_parsed("a.test", "https://a.test", None)
    assert it.of("a.test") == 0.0


def test_sites_that_share_permits_share_the_delay(now: Now) -> None:
    it, shared = delays(now, group_of=lambda site: site.removeprefix("www."))
    for site in ("a.test", "www.a.test"):
        shared.free(site)
    it.on_robots_parsed("www.a.test", "https://www.a.test", 5.0)
    assert it.of("a.test") == 5.0


def test_the_first_request_of_a_site_goes_alone(now: Now) -> None:
    it, shared = delays(now)
    permit = shared.take_free("a.test")
    assert permit is not None
    it.before_start("a.test")
    assert shared.free("a.test") == 0
    it.after_end("a.test")
    assert shared.free("a.test") == 3


@pytest.mark.parametrize("asked_s", [2.0, None])
def test_a_delay_that_permits_have_forgotten_is_set_again(now: Now, asked_s: float | None) -> None:
    it, shared = delays(now, max_controls=1)
    it.after_end("a.test")
    it.on_robots_parsed("a.test", "https://a.test", asked_s)
    for site in ("b.test", "c.test"):  # so that a.test is forgotten
        permit = shared.take_free(site)
        assert permit is not None
        shared.give_back(permit, Ending(Verdict.IGNORED))
    permit = shared.take_free("a.test")
    assert permit is not None
    it.before_start("a.test")
    shared.send(permit)
    assert (shared.free("a.test") == 0) is bool(asked_s)


def test_a_slot_that_a_spider_chose_obeys_the_delay_of_the_sites_it_goes_to(now: Now) -> None:
    it, shared = delays(now)
    it.join("api", "a.test")
    it.after_end("api")
    assert it.of("api") == 0.0
    it.on_robots_parsed("a.test", "https://a.test", 3.0)
    assert it.of("api") == 3.0
    permit = shared.take_free("api")
    assert permit is not None
    assert shared.free("api") == 0
