"""A RedisSpider of scrapy-redis: start URLs come from Redis, for any number of workers."""

from collections.abc import Iterator

from scrapy import Request
from scrapy.http import TextResponse
from scrapy_redis.spiders import RedisSpider

from bookshop.items import Book
from bookshop.loaders import load_book


class QueueSpider(RedisSpider):
    """Yields the books that the catalogue pages pushed to queue:start_urls link to.

    Run it with the setting REDIS_URL: the start URLs and the shared frontier are on that server.
    """

    name = "queue"
    redis_key = "queue:start_urls"

    def parse(self, response: TextResponse) -> Iterator[Request]:
        """Follow the books of a catalogue page."""
        yield from response.follow_all(css="ol a", callback=self.parse_book)

    def parse_book(self, response: TextResponse) -> Iterator[Book]:
        """Yield the book of a product page."""
        for page in response.css(".book"):
            yield load_book(response.url, page)
