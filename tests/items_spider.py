"""A spider with items of several types; test_items_crawling.py runs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider
from scrapy.exceptions import DropItem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

QUOTES = 3  # of each page
SHELVES = 7


@dataclass
class Shelf:
    """The same shelf is on many pages."""

    number: int
    labels: list[str] = field(default_factory=list)


class Picky:
    """Drops some items, fails on others."""

    def process_item(self, item: Any) -> Any:
        if item == {"drop": True}:
            raise DropItem("not wanted: it says so itself")
        if item == {"fail": True}:
            raise ValueError("this item breaks the pipeline")
        return item


class ItemsSpider(Spider):
    name = "items"
    custom_settings = {"STORE_KEY": {"Shelf": ["number"]}}  # noqa: RUF012 - Scrapy's way

    def __init__(self, base: str, bad: str = "", again: str = "", **arguments: Any) -> None:
        super().__init__(**arguments)
        self.base = base
        self.bad = bad
        self.again = again

    async def start(self) -> AsyncIterator[Any]:
        yield {"quote": "an item from start()"}
        yield Request(f"{self.base}/")

    def parse(self, response: Any) -> Iterator[Any]:
        for number in range(QUOTES):
            yield {"url": response.url, "quote": number}
        yield Shelf(hash(response.url) % SHELVES, ["a", "b"])
        if self.bad:
            yield {self.bad: True}
        yield from response.follow_all(css="a[href*=page]")
        if self.again and response.url == f"{self.base}/":
            # A request that is not filtered has items of its own, although the URL is the same.
            for _ in range(2):
                yield Request(response.url, self.parse_again, dont_filter=True)

    def parse_again(self, response: Any) -> Iterator[Any]:
        yield {"quote": "again"}
