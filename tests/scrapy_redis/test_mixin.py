"""Spiders of scrapy-redis with methods of their own, which must not wait for Redis."""

from __future__ import annotations

from typing import Any

import pytest
from scrapy import signals
from scrapy.exceptions import DontCloseSpider
from scrapy.utils.test import get_crawler
from scrapy_redis.spiders import RedisMixin, RedisSpider

from crawlproj.scrapy_redis.mixin import disable_reading


class Blocking:
    """A Redis server that nobody may ask."""

    def llen(self, _: str) -> int:
        pytest.fail("it would block the event loop")


def without_reading(spiders: type[RedisSpider]) -> RedisSpider:
    """Return a spider as the mixin sets it up, after its reading was disabled."""
    crawler, spider = get_crawler(spiders), spiders(redis_key="queue")
    spider.crawler, spider.server, spider.redis_batch_size = crawler, Blocking(), 16
    spider.max_idle_time = spider.spider_idle_start_time = 0
    spider.count_size = spider.server.llen
    crawler.signals.connect(spider.spider_idle, signals.spider_idle)
    disable_reading(spider, crawler)
    return spider


class OfItsOwn(RedisSpider):  # type: ignore[misc]  # scrapy-redis has no types
    name = "own"

    def spider_idle(self) -> None:
        super().spider_idle()


def test_a_spider_idle_that_calls_the_mixins_does_not_ask_redis() -> None:
    with pytest.raises(DontCloseSpider):
        without_reading(OfItsOwn).spider_idle()


class Reader(RedisSpider):  # type: ignore[misc]  # scrapy-redis has no types
    name = "reader"

    def next_requests(self) -> Any:
        return RedisMixin.next_requests(self)


def test_a_method_that_reads_start_urls_itself_is_named(caplog: pytest.LogCaptureFixture) -> None:
    without_reading(Reader)
    assert "Reader.next_requests() is not called" in caplog.text
    assert "make_request_from_data()" in caplog.text
