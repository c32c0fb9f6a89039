"""A project's filter that decides by itself."""

from __future__ import annotations

import pytest
from scrapy import Request, Spider
from scrapy.dupefilters import BaseDupeFilter, RFPDupeFilter
from scrapy.utils.test import get_crawler
from twisted.internet.defer import Deferred, succeed

from crawlproj.errors import ConfigError
from crawlproj.scheduling.own_filter import OwnFilter, own_filter_of
from tests.frontier.helpers import run


class Deciding(BaseDupeFilter):
    """Leaves out what has "seen" in its URL."""

    def __init__(self) -> None:
        self.logged: list[str] = []
        self.events: list[str] = []

    def request_seen(self, request: Request) -> bool:
        return "seen" in request.url

    def log(self, request: Request, spider: Spider) -> None:
        self.logged.append(f"{spider.name} {request.url}")

    def open(self) -> Deferred[None]:
        self.events.append("open")
        return succeed(None)

    def close(self, reason: str) -> None:
        self.events.append(reason)


class OtherFingerprints(RFPDupeFilter):
    pass


class NoFilter:
    def request_seen(self, request: Request) -> bool:
        return "seen" in request.url


def own_filter(filters: object) -> OwnFilter | None:
    return own_filter_of(get_crawler(settings_dict={"DUPEFILTER_CLASS": filters}), Spider("any"))


@pytest.mark.parametrize(
    "stock",
    [
        BaseDupeFilter,
        RFPDupeFilter,
        OtherFingerprints,
        "scrapy_redis.dupefilter.RFPDupeFilter",
    ],
)
def test_what_filters_as_scrapy_does_is_not_asked(stock: object) -> None:
    assert own_filter(stock) is None


def test_a_class_without_the_methods_of_a_filter_is_an_error_that_names_the_way() -> None:
    with pytest.raises(ConfigError, match=r"has no open.*derive it from scrapy\.dupefilters"):
        own_filter(NoFilter)


def test_what_the_filter_has_seen_is_logged_and_left_out() -> None:
    asked = Deciding()
    own = OwnFilter(asked, Spider("any"))
    assert own.drops(Request("http://a.test/seen"))
    assert not own.drops(Request("http://a.test/new"))
    assert asked.logged == ["any http://a.test/seen"]


def test_the_filter_is_opened_and_closed_with_the_reason_of_the_crawl() -> None:
    asked = Deciding()
    own = OwnFilter(asked, Spider("any"))
    run(own.open())
    run(own.close("finished"))
    assert asked.events == ["open", "finished"]


def test_what_is_let_through_again_in_a_run_has_another_key_and_in_the_next_run_the_same() -> None:
    first, second = OwnFilter(Deciding(), Spider("any")), OwnFilter(Deciding(), Spider("any"))
    keys = [first.key_of(7) for _ in range(3)]
    assert keys[0] == 7
    assert len(set(keys)) == 3
    assert [second.key_of(7) for _ in range(3)] == keys
