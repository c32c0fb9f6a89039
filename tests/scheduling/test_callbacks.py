"""Callbacks as names, and which names are believed when others can write them."""

from __future__ import annotations

import pytest
from scrapy import Spider
from scrapy.spiders import CrawlSpider, SitemapSpider

from crawlproj.scheduling.callbacks import method_of, name_of


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
