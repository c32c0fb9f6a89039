"""Item loaders: from HTML to clean values."""

from decimal import Decimal

from itemloaders.processors import MapCompose, TakeFirst
from scrapy.loader import ItemLoader
from scrapy.selector import Selector

from bookshop.items import Book


def pounds(text: str) -> Decimal:
    """Return the amount of a price such as "£12.50"."""
    return Decimal(text.strip().removeprefix("£"))


class BookLoader(ItemLoader):
    """Loads a Book; every field is the first value that is found."""

    default_item_class = Book
    default_input_processor = MapCompose(str.strip)
    default_output_processor = TakeFirst()
    price_in = MapCompose(pounds)
    stock_in = MapCompose(int)


def load_book(url: str, page: Selector) -> Book:
    """Return the book that a product page shows; ``url`` is the page's."""
    loader = BookLoader(selector=page)
    loader.add_value("url", url)
    loader.add_css("title", "h1::text")
    loader.add_css("author", ".author a::text")
    loader.add_css("genre", ".genre::text")
    loader.add_css("price", ".price::text", re=r"£[\d.]+")
    loader.add_css("stock", ".stock::text", re=r"\d+")
    book: Book = loader.load_item()
    return book
