"""A CrawlSpider: rules say which links to follow and which pages are books."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from scrapy.http import TextResponse
from scrapy.spiders import CrawlSpider, Rule

from bookshop.items import Book
from bookshop.loaders import load_book
from crawlproj.links import LinkExtractor


class CatalogueSpider(CrawlSpider):
    """Yields every book of the catalogue.

    url: the shop's home page.
    """

    name = "catalogue"
    rules = (
        Rule(LinkExtractor(allow=r"/catalogue\b")),
        Rule(LinkExtractor(allow=r"/books/"), callback="parse_book"),
    )

    def __init__(self, url: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.start_urls = [url]
        self.allowed_domains = [urlsplit(url).hostname]

    def parse_book(self, response: TextResponse) -> Iterator[Book]:
        """Yield the book of a product page."""
        for page in response.css(".book"):
            yield load_book(response.url, page)
