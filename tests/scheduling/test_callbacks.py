"""Callbacks as names, and which names are believed when others can write them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Spider
from scrapy.spiders import CrawlSpider, SitemapSpider
from scrapy.utils.response import open_in_browser

from crawlproj.scheduling.callbacks import method_of, name_of

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


@pytest.mark.parametrize("name", ["parse", "parse_more", "start_over", SUPER])
def test_public_methods_of_the_spider_are_found_again(name: str) -> None:
    method = method_of(SPIDER, name, public=True)
    assert name_of(method, SPIDER, public=True) == name


@pytest.mark.parametrize(
    "name",
    [
        *("close", "start", "update_settings", "from_crawler", "handles_request", "log", "logger"),
        *("__init__", "__class__", "_set_crawler", "_parse_private", "make", "secret", "name"),
        *("", "missing", "os.system", "builtins.exec", f"{Base.__module__}.Base.make"),
        *("scrapy.spiders.Spider.close", f"{Base.__module__}.Own.missing"),
    ],
)
def test_nothing_else_is_called_in_the_name_of_a_stored_request(name: str) -> None:
    with pytest.raises(ValueError, match="is not a public method"):
        method_of(SPIDER, name, public=True)


def test_the_callbacks_of_scrapys_own_spiders_are_believed() -> None:
    for spider, method in (
        (CrawlSpider(name="crawl"), "_callback"),
        (CrawlSpider(name="crawl"), "_errback"),
        (SitemapSpider(name="sitemap"), "_parse_sitemap"),
    ):
        function = getattr(spider, method)
        assert name_of(function, spider, public=True) == method
        assert method_of(spider, method, public=True) == function


def test_a_private_method_is_refused_before_others_cannot_call_it() -> None:
    with pytest.raises(ValueError, match="name it without an underscore"):
        name_of(SPIDER._parse_private, SPIDER, public=True)
    assert name_of(SPIDER._parse_private, SPIDER, public=False) == "_parse_private"
    method = method_of(SPIDER, "_parse_private", public=False)
    assert method == SPIDER._parse_private


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
    found = method_of(after, name_of(find(before), before, public=False), public=False)
    assert found == find(after)
    assert found(None) == answer


def test_workers_that_share_a_frontier_call_only_methods_of_the_spider() -> None:
    spider = Helped()
    for function in (parse_comment, spider.topics.parse_topic):
        stored = name_of(function, spider, public=False)
        with pytest.raises(ValueError, match="make it one"):
            name_of(function, spider, public=True)
        with pytest.raises(ValueError, match="is not a public method"):
            method_of(spider, stored, public=True)


@pytest.mark.parametrize(
    "function",
    [
        *(lambda _: None, Topics().parse_topic, Topics().parse_static),
        *(open_in_browser, os.fsencode, os.system, print),
    ],
)
def test_callbacks_that_no_name_leads_to_are_not_named(function: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="make it one"):
        name_of(function, Helped(), public=False)


@pytest.mark.parametrize(
    "stored", ["os:system", "os:fsencode", f"{__name__}:Topics", f"{__name__}:gone", "gone:f"]
)
def test_a_name_leads_to_no_function_of_others(stored: str) -> None:
    with pytest.raises(LookupError):
        method_of(Helped(), stored, public=False)
