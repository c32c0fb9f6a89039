"""A spider whose requests carry items and other objects; test_carried_crawling.py kills it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

import scrapy
from itemloaders.processors import TakeFirst
from scrapy import Selector, Spider
from scrapy.loader import ItemLoader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.http import Response

DAY = date(2026, 2, 28)


class Kind(Enum):
    LINKED = "linked"


@dataclass
class Trail:
    """The page that had the link, and those before it."""

    pages: list[str]
    steps: set[tuple[int, str]]


class Found(scrapy.Item):
    url = scrapy.Field()
    trail = scrapy.Field()
    price = scrapy.Field()


class FoundLoader(ItemLoader):
    default_item_class = Found
    default_output_processor = TakeFirst()


class CarryingSpider(Spider):
    name = "carrying"

    def __init__(self, url: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.start_urls = [url]

    def parse(self, response: Response) -> Iterator[Any]:
        found, pages = response.meta.get("found"), []
        if found is not None:
            pages = found["trail"].pages
            whole = (
                isinstance(found, Found)
                and found["trail"] == Trail(pages, set(enumerate(pages)))
                and response.meta["loader"].load_item() == Found(url=response.url)
                and (found["price"], response.meta["more"]) == (Decimal("1.10"), (DAY, Kind.LINKED))
            )
            yield {"url": response.url, "carried": found["url"], "whole": whole}
        pages = [*pages, response.url][-3:]
        for link in response.css("a::attr(href)").getall():
            url = response.urljoin(link)
            trail = Trail(pages, set(enumerate(pages)))
            found = Found(url=url, trail=trail, price=Decimal("1.10"))
            loader = FoundLoader(selector=Selector(text=response.text))
            loader.add_value("url", url)
            meta = {"found": found, "more": (DAY, Kind.LINKED), "loader": loader}
            yield scrapy.Request(url, meta=meta)
