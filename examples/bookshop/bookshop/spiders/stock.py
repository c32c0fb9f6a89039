"""An API spider: JSON in and out, POST requests, page after page."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from scrapy import Request, Spider
from scrapy.http import JsonRequest, TextResponse

from bookshop.items import Stock


class StockSpider(Spider):
    """Yields the stock of every book, from the shop's search API.

    url: the shop's home page.
    """

    name = "stock"

    def __init__(self, url: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.api_url = f"{url.rstrip('/')}/api"

    async def start(self) -> AsyncIterator[Request]:
        """Ask which genres there are."""
        yield Request(f"{self.api_url}/genres", self.parse_genres)

    def parse_genres(self, response: TextResponse) -> Iterator[Request]:
        """Search each genre."""
        for genre in response.json()["genres"]:
            yield self.search(genre, page=1)

    def search(self, genre: str, page: int) -> Request:
        """Return the request for one page of a genre; a POST because it has data."""
        return JsonRequest(
            f"{self.api_url}/search",
            data={"genre": genre, "page": page},
            callback=self.parse_results,
            cb_kwargs={"genre": genre},
        )

    def parse_results(self, response: TextResponse, genre: str) -> Iterator[Stock | Request]:
        """Yield one page of results, and ask for the next."""
        answer = response.json()
        for result in answer["results"]:
            yield Stock(**result)
        if answer["next_page"] is not None:
            yield self.search(genre, answer["next_page"])
