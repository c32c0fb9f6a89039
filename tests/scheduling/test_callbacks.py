"""Callbacks as names, and which names are believed when others can write them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Spider
from scrapy.spiders import CrawlSpider, SitemapSpider
from scrapy.utils.response import open_in_browser
from scrapy_redis.spiders import RedisSpider

from crawlproj.scheduling.callbacks import method_of, name_of
from crawlproj.spiders.site import SiteSpider

if TYPE_CHECKING:
    from collections.abc import Callable


def parse_comment(response: object) -> str:
    return "comment"


class Topics:
    def parse_topic(self, response: object) -> str:
        return "topic"

    @staticmethod
    def parse_static(response: object) -> None: ...


class Base(Spider):
    name = "base"

    def parse(self, response: object) -> str:
        return "base"

    def parse_more(self, response: object) -> None: ...

    def _parse_private(self, response: object) -> None: ...

    def __parse_mangled(self, response: object) -> None: ...

    def _set_crawler(self, crawler: Any) -> None:
        super()._set_crawler(crawler)

    @classmethod
    def make(cls) -> None: ...

    @property
    def secret(self) -> None: ...


class Own(Base):
    def parse(self, response: object) -> str:
        return "own"

    def start_over(self, response: object) -> None: ...


SPIDER = Own()
SUPER = f"{Base.__module__}.Base.parse"


@pytest.mark.parametrize(
    "name",
    ["parse", "parse_more", "start_over", SUPER, "_parse_private", "_Base__parse_mangled"],
)
def test_methods_of_the_spiders_own_classes_are_found_again(name: str) -> None:
    method = method_of(SPIDER, name, shared=True)
    assert name_of(method, SPIDER, shared=True) == name


@pytest.mark.parametrize(
    "name",
    [
        *("close", "start", "update_settings", "from_crawler", "handles_request", "log", "logger"),
        *("__init__", "__class__", "_set_crawler", "make", "secret", "name"),
        *("", "missing", "os.system", "builtins.exec", f"{Base.__module__}.Base.make"),
        *("scrapy.spiders.Spider.close", f"{Base.__module__}.Own.missing"),
    ],
)
def test_nothing_else_is_called_in_the_name_of_a_stored_request(name: str) -> None:
    with pytest.raises(ValueError, match="is not a callback"):
        method_of(SPIDER, name, shared=True)


def test_the_callbacks_of_scrapys_own_spiders_are_believed() -> None:
    for spider, method in (
        (CrawlSpider(name="crawl"), "_callback"),
        (CrawlSpider(name="crawl"), "_errback"),
        (SitemapSpider(name="sitemap"), "_parse_sitemap"),
    ):
        function = getattr(spider, method)
        assert name_of(function, spider, shared=True) == method
        assert method_of(spider, method, shared=True) == function


@pytest.mark.parametrize(
    ("spider", "name"),
    [
        (SPIDER, "_set_crawler"),
        (CrawlSpider(name="crawl"), "_compile_rules"),
        (CrawlSpider(name="crawl"), "process_results"),
        (RedisSpider(name="redis"), "next_requests"),
        (SiteSpider(url="http://a.example/"), "_heed_start"),
    ],
)
def test_what_sets_a_spider_up_is_refused_before_others_cannot_call_it(
    spider: Spider, name: str
) -> None:
    function = getattr(spider, name)
    with pytest.raises(ValueError, match="let a method of your own call it"):
        name_of(function, spider, shared=True)
    assert method_of(spider, name_of(function, spider, shared=False), shared=False) == function


class Helped(Spider):
    name = "helped"

    def __init__(self) -> None:
        super().__init__()
        self.topics = Topics()


@pytest.mark.parametrize(
    ("find", "answer"),
    [
        (lambda _: parse_comment, "comment"),
        (lambda spider: spider.topics.parse_topic, "topic"),
    ],
    ids=["a function of the package", "a method of a helper"],
)
def test_the_next_process_finds_what_is_no_method_of_the_spider(
    find: Callable[[Helped], Callable[..., Any]], answer: str
) -> None:
    before, after = Helped(), Helped()
    found = method_of(after, name_of(find(before), before, shared=False), shared=False)
    assert found == find(after)
    assert found(None) == answer


def test_workers_that_share_a_frontier_call_only_methods_of_the_spider() -> None:
    spider = Helped()
    for function in (parse_comment, spider.topics.parse_topic):
        stored = name_of(function, spider, shared=False)
        with pytest.raises(ValueError, match="make it one"):
            name_of(function, spider, shared=True)
        with pytest.raises(ValueError, match="is not a callback"):
            method_of(spider, stored, shared=True)


@pytest.mark.parametrize(
    "function",
    [
        *(lambda _: None, Topics().parse_topic, Topics().parse_static),
        *(open_in_browser, os.fsencode, os.system, print),
    ],
)
def test_callbacks_that_no_name_leads_to_are_not_named(function: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="make it one"):
        name_of(function, Helped(), shared=False)


@pytest.mark.parametrize(
    "stored", ["os:system", "os:fsencode", f"{__name__}:Topics", f"{__name__}:gone", "gone:f"]
)
def test_a_name_leads_to_no_function_of_others(stored: str) -> None:
    with pytest.raises(LookupError):
        method_of(Helped(), stored, shared=False)
