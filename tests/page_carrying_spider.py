"""A spider whose requests carry the page that gave them; test_carried_crawling.py kills it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from scrapy.http import Response


class PageCarryingSpider(Spider):
    name = "page_carrying"

    def __init__(self, url: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._url = url

    async def start(self) -> AsyncIterator[Any]:
        for n in range(8):  # no function that a later process would find
            yield Request(f"{self._url}/?{n}", callback=partial(self._home, number=n))

    def _home(self, response: Response, number: int) -> Iterator[Any]:
        yield {"url": response.url, "number": number}
        for link in response.css("a::attr(href)").getall():
            yield response.follow(link, self.parse)

    def parse(self, response: Response) -> Iterator[Any]:
        for link in response.css("a::attr(href)").getall():
            yield response.follow(link, self.parse)
            yield response.follow(f"{link}?whole", self.whole, cb_kwargs={"page": response})

    def whole(self, response: Response, page: Response) -> Iterator[Any]:
        assert page.css("a")
        yield {"url": response.url}
