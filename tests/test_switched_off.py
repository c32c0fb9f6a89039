"""Scrapy's components that are switched off are left out, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.settings import Settings

from crawlproj.switched_off import SwitchedOff

if TYPE_CHECKING:
    from collections.abc import Mapping

COOKIES = "scrapy.downloadermiddlewares.cookies.CookiesMiddleware"
REMOTE_CONTROL = "scrapy.extensions.remote_control.RemoteControl"


def listed(values: Mapping[str, object]) -> set[str]:
    """Return the middlewares and extensions that Scrapy imports with these settings."""
    settings = Settings(dict(values))
    SwitchedOff().update_settings(settings)
    names = ("DOWNLOADER_MIDDLEWARES", "EXTENSIONS")
    return {
        component
        for name in names
        for component in settings.get_component_priority_dict_with_base(name)
    }


def test_what_is_on_stays() -> None:
    assert listed({}) >= {COOKIES, REMOTE_CONTROL}


def test_what_is_off_is_left_out_and_the_rest_stays() -> None:
    off = {"COOKIES_ENABLED": False, "REMOTE_CONTROL_ENABLED": False}
    assert listed({}) - listed(off) == {COOKIES, REMOTE_CONTROL}
    assert listed({"COOKIES_ENABLED": "0"}) == listed({}) - {COOKIES}


def test_a_component_of_the_projects_own_stays() -> None:
    own = "tests.outcomes_spider.OutcomesSpider"
    off = {"COOKIES_ENABLED": False, "DOWNLOADER_MIDDLEWARES": {COOKIES: None, own: 700}}
    assert own in listed(off)
    assert COOKIES not in listed(off)
