"""Classes as spiders have them, whose objects go from one callback to the next."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass, field
from enum import Enum, Flag, IntEnum
from typing import Any, NamedTuple

import attrs
import pydantic
import scrapy
from itemloaders.processors import MapCompose, TakeFirst
from scrapy.loader import ItemLoader


class Book(scrapy.Item):
    title = scrapy.Field()
    by = scrapy.Field()


class BookLoader(ItemLoader):
    default_item_class = Book
    default_output_processor = TakeFirst()
    by_in = MapCompose(lambda name, loader_context: name + loader_context["mark"])


@dataclass
class Author:
    name: str
    books: list[Book] = field(default_factory=list)
    letters: int = field(init=False)

    def __post_init__(self) -> None:
        self.letters = len(self.name)


@dataclass(frozen=True, slots=True)
class Shelf:
    number: int
    holds: frozenset[str] = frozenset()


@attrs.define
class Shop:
    name: str
    _secret: str = attrs.field(default="", alias="secret")


class Price(pydantic.BaseModel):
    amount: float
    currency: str = "EUR"
    notes: list[str] = []


class Step:
    """Has no declared fields, and an ``__init__`` that takes others than it keeps."""

    def __init__(self, name: str, *arguments: Any, **named: Any) -> None:
        self.name, self.arguments, self.named = name, arguments, named

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Step) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]


class Hidden:
    __slots__ = ("__own", "unset")

    def __init__(self, own: int) -> None:
        self.__own = own

    def own(self) -> int:
        return self.__own


class Place(NamedTuple):
    row: int
    column: int = 0


Pair = namedtuple("Pair", "left right")


class Colour(Enum):
    RED = "red"


class Size(IntEnum):
    SMALL = 1


class Mark(Flag):
    NEW = 1
    USED = 2


class Tidies:
    def __del__(self) -> None: ...


class SaysHow:
    def __reduce__(self) -> Any:
        return print, ("run by a pickle",)


class Outer:
    class Inner(scrapy.Item):
        name = scrapy.Field()


def local_item() -> scrapy.Item:
    class Local(scrapy.Item):
        name = scrapy.Field()

    return Local(name="nobody finds its class")
