"""Spiders as users of scrapy-redis write them, for tests/scrapy_redis and others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.linkextractors import LinkExtractor
from scrapy.spiders import Rule
from scrapy_redis.spiders import RedisCrawlSpider, RedisSpider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy import Request
    from scrapy.http import Response


class Plain(RedisSpider):  # type: ignore[misc]  # scrapy-redis has no types
    name = "plain"

    def parse(self, response: Response) -> Iterator[dict[str, Any]]:
        meta = {key: value for key, value in response.meta.items() if key == "note"}
        yield {"url": response.url, "method": response.request.method, **meta}  # type: ignore[union-attr]


class Own(Plain):
    """Makes its own requests."""

    name = "own"
    redis_key = "own:urls"

    def make_request_from_data(self, data: bytes) -> Request | list[Request]:
        if data == b"nothing":
            return []
        request: Request = super().make_request_from_data(data.removeprefix(b"go "))
        return [request, request.replace(url=f"{request.url}?again")]


class Following(RedisCrawlSpider):  # type: ignore[misc]
    name = "following"
    rules = (Rule(LinkExtractor(), callback="page", follow=True),)

    def page(self, response: Response) -> Iterator[dict[str, Any]]:
        yield {"url": response.url}
