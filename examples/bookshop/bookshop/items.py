"""Items of the shop."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass
class Book:
    """A book's page. price is in pounds, None if the book is out of print.

    Every field has a default because an item loader starts with an empty item.
    """

    url: str = ""
    title: str = ""
    author: str = ""
    genre: str = ""
    price: Decimal | None = None
    price_eur: Decimal | None = None
    stock: int = 0


@dataclass
class Order:
    """An order of the account. placed_on is an ISO date, total is in pounds."""

    number: str
    placed_on: str
    total: Decimal


@dataclass
class Stock:
    """How many copies of a book the shop has."""

    slug: str
    title: str
    stock: int
