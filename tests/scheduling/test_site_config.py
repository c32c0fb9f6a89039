"""The CONCURRENCY_* settings: read, checked, and what they make of a site."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest
from scrapy.settings import Settings

from crawlproj.errors import ConfigError
from crawlproj.limits.aimd import Aimd
from crawlproj.limits.base import Bounds
from crawlproj.limits.fixed import Fixed
from crawlproj.limits.knee import Knee
from crawlproj.scheduling.site_config import ConcurrencyConfig, SiteConfig

NOW = 1000.0


def config(**settings: Any) -> ConcurrencyConfig:
    return ConcurrencyConfig.from_settings(Settings(settings))


def test_the_defaults_are_polite() -> None:
    defaults = config()
    assert defaults.enabled
    assert defaults.default == SiteConfig(Knee, 1.0, 0.1, 8.0, 0.0, inf)
    assert (defaults.scope, defaults.refusals, defaults.sites) == ("host", 10, ())


def test_everything_can_be_set() -> None:
    one = config(
        CONCURRENCY_ENABLED="0",
        CONCURRENCY_LIMIT="aimd",
        CONCURRENCY_START="4",
        CONCURRENCY_MIN="0.5",
        CONCURRENCY_MAX_PER_SITE="16",
        DOWNLOAD_DELAY="1.5",
        CONCURRENCY_SCOPE="domain",
        CONCURRENCY_REFUSALS="0",
    )
    assert not one.enabled
    assert one.default == SiteConfig(Aimd, 4.0, 0.5, 16.0, 1.5, inf)
    assert (one.scope, one.refusals) == ("domain", 0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"CONCURRENCY_ENABLED": "perhaps"}, "CONCURRENCY_ENABLED must be True or False"),
        (
            {"CONCURRENCY_LIMIT": "knees"},
            "CONCURRENCY_LIMIT is 'knees': choose from knee, aimd",
        ),
        ({"CONCURRENCY_LIMIT": 3}, "CONCURRENCY_LIMIT must be text"),
        ({"CONCURRENCY_START": 0}, "CONCURRENCY_START must be more than 0"),
        ({"CONCURRENCY_START": "few"}, "CONCURRENCY_START must be a number"),
        ({"CONCURRENCY_START": "nan"}, "CONCURRENCY_START must be at least 0 and finite"),
        ({"CONCURRENCY_MIN": 0}, "CONCURRENCY_MIN must be more than 0"),
        ({"CONCURRENCY_MIN": -1}, "CONCURRENCY_MIN must be at least 0"),
        ({"CONCURRENCY_MAX_PER_SITE": 0}, "CONCURRENCY_MAX_PER_SITE must be at least 1"),
        ({"CONCURRENCY_MAX_PER_SITE": "x"}, "CONCURRENCY_MAX_PER_SITE must be a whole number"),
        ({"DOWNLOAD_DELAY": -1}, "DOWNLOAD_DELAY must be at least 0"),
        ({"CONCURRENCY_SCOPE": "page"}, "CONCURRENCY_SCOPE must be one of host, domain, ip, not"),
        ({"CONCURRENCY_REFUSALS": -1}, "CONCURRENCY_REFUSALS must be at least 0"),
        ({"CONCURRENCY_REFUSALS": "x"}, "CONCURRENCY_REFUSALS must be a whole number"),
    ],
)
def test_a_wrong_value_is_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config(**settings)


def sites(value: Any) -> ConcurrencyConfig:
    return config(CONCURRENCY_SITES=value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{broken", "CONCURRENCY_SITES must be a dict of patterns"),
        ("[1, 2]", "CONCURRENCY_SITES must be a dict of patterns"),
        (5, "CONCURRENCY_SITES must be a dict of patterns"),
        (
            {"a.test": 5},
            r"CONCURRENCY_SITES\['a.test'\] must be a dict whose keys are among limit, start",
        ),
        (
            {"a.test": {"most": 5}},
            "must be a dict whose keys are among limit, start, min, max, delay, rate",
        ),
        ({"a.test": {"max": 0}}, r"\['a.test'\]\['max'\] must be a number of at least 1, not 0"),
        ({"a.test": {"max": True}}, r"\['max'\] must be a number"),
        ({"a.test": {"max": "8"}}, r"\['max'\] must be a number"),
        ({"a.test": {"max": inf}}, r"\['max'\] must be a number"),
        ({"a.test": {"delay": -1}}, r"\['delay'\] must be a number of at least 0, not -1"),
        ({"a.test": {"rate": 0}}, r"\['rate'\] must be a number of at least"),
        ({"a.test": {"start": None}}, r"\['start'\] must be a number"),
        ({"a.test": {"min": 0}}, r"\['min'\] must be a number"),
        ({"a.test": {"limit": "x"}}, r"CONCURRENCY_SITES\['a.test'\]\['limit'\] is 'x': choose"),
        ({"a.test": {"limit": []}}, r"CONCURRENCY_SITES\['a.test'\]\['limit'\] is \[\]: it must"),
    ],
)
def test_a_wrong_site_is_named(value: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        sites(value)


def test_sites_may_be_given_as_json_on_the_command_line() -> None:
    assert sites('{"*.shop.test": {"max": 3}}').of("www.shop.test").max == 3


def test_the_first_matching_pattern_wins_with_or_without_the_port() -> None:
    one = sites(
        {
            "API.shop.test": {"max": 1, "delay": 2},
            "*.shop.test": {"max": 3},
            "b.test:8080": {"rate": 5, "limit": "fixed"},
        }
    )
    assert one.of("api.shop.test") == SiteConfig(max=1, delay_s=2)
    assert one.of("www.shop.test:8443").max == 3
    assert one.of("b.test:8080") == SiteConfig(rate=5, limit=Fixed)
    assert one.of("b.test") == SiteConfig()
    assert one.of("shop.test").max == 3, "where a domain is a site, it stands for its hosts"
    assert one.of("myshop.test") == SiteConfig()
    assert one.of("[::1]:80") == SiteConfig()


@pytest.mark.parametrize(
    ("site", "bounds"),
    [
        (SiteConfig(), Bounds(1, 0.1, 8)),
        (SiteConfig(max=1), Bounds(1, 0.1, 1)),
        (SiteConfig(min=3), Bounds(3, 3, 8)),
        (SiteConfig(start=50, min=20, max=10), Bounds(10, 10, 10)),
    ],
)
def test_the_max_wins_over_the_other_bounds(site: SiteConfig, bounds: Bounds) -> None:
    assert site.bounds == bounds


def test_a_site_gets_the_control_that_is_configured_for_it() -> None:
    one = sites({"slow.test": {"delay": 3}, "paced.test": {"rate": 4}, "one.test": {"max": 1}})
    assert one.control("slow.test").delay_s == 3
    assert one.control("paced.test").rate == 4
    assert one.control("one.test").estimator.bounds.max == 1
    assert one.control("other.test").estimator.bounds == Bounds(1, 0.1, 8)
    assert one.control("other.test").rate == inf


def test_with_concurrency_switched_off_every_site_has_its_max_permits() -> None:
    control = config(CONCURRENCY_ENABLED=False, CONCURRENCY_MAX_PER_SITE=5).control("a.test")
    assert control.free(NOW) == 5
    assert not control.down
    assert control.rate == inf


def test_scrapys_own_setting_of_slots_counts_where_no_pattern_matches() -> None:
    one = config(
        DOWNLOAD_SLOTS={"api": {"delay": 2, "concurrency": 1, "jitter": 0.1}, "a.test": {}},
        CONCURRENCY_SITES={"a.*": {"max": 3}},
    )
    assert one.of("api") == SiteConfig(max=1, delay_s=2)
    assert one.of("a.test").max == 3
    with pytest.raises(ConfigError, match=r"DOWNLOAD_SLOTS\['api'\]\['delay'\]"):
        config(DOWNLOAD_SLOTS={"api": {"delay": "long"}})
