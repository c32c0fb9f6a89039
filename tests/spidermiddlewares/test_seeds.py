"""Start requests in other people's tests, which call middlewares without a crawl."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request
from scrapy.utils.test import get_crawler

from crawlproj.downloadermiddlewares.put_aside import PutAsideMiddleware
from crawlproj.spidermiddlewares.seeds import SeedsMiddleware
from tests.frontier.helpers import run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

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
