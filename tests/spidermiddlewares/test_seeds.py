"""Start requests of other people's spiders, and tests that call middlewares without a crawl."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request, Spider
from scrapy.http import Response
from scrapy.utils.test import get_crawler
from scrapy_redis.spiders import RedisSpider

from crawlproj.downloadermiddlewares.concurrency import ConcurrencyMiddleware
from crawlproj.downloadermiddlewares.put_aside import PutAsideMiddleware
from crawlproj.spidermiddlewares.seeds import SeedsMiddleware
from tests.frontier.helpers import run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from scrapy.crawler import Crawler

REQUEST = Request("http://a.org/")


@pytest.fixture
def crawler() -> Crawler:
    return get_crawler(settings_dict={"ADDONS": {"crawlproj.addon.Addon": 300}})


async def start() -> AsyncIterator[Any]:
    yield REQUEST
    yield {"an": "item"}


def test_without_a_crawl_start_requests_are_yielded_as_they_are(crawler: Crawler) -> None:
    async def seen() -> list[Any]:
        middleware = SeedsMiddleware.from_crawler(crawler)
        return [each async for each in middleware.process_start(start())]

    assert run(seen()) == [REQUEST, {"an": "item"}]
    assert not REQUEST.meta


def test_without_a_crawl_no_request_is_put_aside(crawler: Crawler) -> None:
    assert PutAsideMiddleware.from_crawler(crawler).process_request(REQUEST) is None


def test_without_a_crawl_no_request_waits_for_its_site_and_nothing_is_learned(
    crawler: Crawler,
) -> None:
    middleware = ConcurrencyMiddleware.from_crawler(crawler)
    assert middleware.process_request(REQUEST) is None
    response = Response(REQUEST.url)
    assert middleware.process_response(REQUEST, response) is response


class OfOldScrapy(Spider):
    name = "old"

    def start_requests(self) -> Iterator[Request]:
        yield REQUEST


class OfEveryScrapy(OfOldScrapy):
    async def start(self) -> AsyncIterator[Request]:
        for request in self.start_requests():
            yield request


class FedFromRedis(RedisSpider):  # type: ignore[misc]
    name = "fed"


@pytest.mark.parametrize(
    ("spider", "warned"),
    [(OfOldScrapy, True), (OfEveryScrapy, False), (Spider, False), (FedFromRedis, False)],
)
def test_start_requests_that_scrapy_does_not_call_any_more_are_named(
    spider: type[Spider], warned: bool, crawler: Crawler, caplog: pytest.LogCaptureFixture
) -> None:
    async def begin() -> None:
        crawler.spider = spider("named")
        async for _ in SeedsMiddleware.from_crawler(crawler).process_start(start()):
            pass

    run(begin())
    assert ("OfOldScrapy.start_requests() is not called" in caplog.text) is warned
