"""The middleware that drops requests to other hosts decides as it does in Scrapy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scrapy import Request, Spider
from scrapy.downloadermiddlewares.offsite import OffsiteMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.utils.test import get_crawler

from crawlproj._scrapy.offsite import quicken

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class NoneOnSite(OffsiteMiddleware):
    """A user's own policy."""

    def should_follow(self, request: Request, spider: Spider) -> bool:
        return False


def crawler_of(allowed: list[str] | None) -> Crawler:
    crawler = get_crawler(Spider)
    crawler.spider = Spider("any", allowed_domains=allowed)
    return crawler


def passes(middleware: OffsiteMiddleware, url: str) -> bool:
    try:
        middleware.process_request(Request(url))
    except IgnoreRequest:
        return False
    return True


@pytest.mark.parametrize("allowed", [None, [], ["a.org"], ["a.org", "b.org"], [None, "b.org"]])
@pytest.mark.parametrize("url", ["http://a.org/", "http://x.a.org/", "http://c.org/", "data:,x"])
def test_it_decides_as_scrapys_does(allowed: list[str] | None, url: str) -> None:
    crawler = crawler_of(allowed)
    theirs, ours = (OffsiteMiddleware.from_crawler(crawler) for _ in range(2))
    quicken(ours)
    assert passes(ours, url) == passes(theirs, url)


def test_domains_that_are_allowed_later_count() -> None:
    crawler = crawler_of(None)
    middleware = OffsiteMiddleware.from_crawler(crawler)
    quicken(middleware)
    assert passes(middleware, "http://c.org/")
    crawler.spider.allowed_domains = ["a.org"]  # type: ignore[union-attr]
    assert not passes(middleware, "http://c.org/")
    crawler.spider.allowed_domains = []  # type: ignore[union-attr]
    assert passes(middleware, "http://c.org/")


def test_the_policy_of_a_subclass_stays() -> None:
    middleware = NoneOnSite.from_crawler(crawler_of(None))
    quicken(middleware)
    assert not passes(middleware, "http://a.org/")
