"""Item pipelines, each of which changes or drops one kind of item and returns the others."""

from decimal import Decimal
from typing import Any, Self

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from bookshop.items import Book


class RequirePricePipeline:
    """Drops books that are out of print."""

    def process_item(self, item: Any) -> Any:
        """Return the item; raises DropItem for a book without a price."""
        if isinstance(item, Book) and item.price is None:
            raise DropItem(f"{item.url} has no price")
        return item


class EuroPipeline:
    """Sets ``price_eur`` of books, at the rate of the setting EURO_PER_POUND."""

    def __init__(self, euro_per_pound: Decimal) -> None:
        self.euro_per_pound = euro_per_pound

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the pipeline from the setting."""
        return cls(Decimal(crawler.settings["EURO_PER_POUND"]))

    def process_item(self, item: Any) -> Any:
        """Return the item, a book with its price in euros."""
        if isinstance(item, Book) and item.price is not None:
            item.price_eur = (item.price * self.euro_per_pound).quantize(Decimal("0.01"))
        return item
