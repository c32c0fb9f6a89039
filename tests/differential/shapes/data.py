"""Items, and where they go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from attrs import define
from itemloaders.processors import MapCompose, TakeFirst
from scrapy import Field, Item, Request
from scrapy.exceptions import DropItem
from scrapy.loader import ItemLoader
from scrapy.pipelines.files import FilesPipeline

from tests.differential.shapes.shape import Shape

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response, TextResponse


class Book(Item):
    title = Field()
    tags = Field()


@dataclass
class Toy:
    title: str
    tags: list[str] = field(default_factory=list)


@define
class Shirt:
    title: str
    status: str = "in stock"


class ItemTypes(Shape):
    pages = ("page/1", "page/2")

    def parse(self, response: Response) -> Any:
        title = response.css("title::text").get() or ""
        yield Book(title=title, tags=["a", "b"])
        yield Toy(title, ["a"])
        yield Shirt(title)
        yield {"url": response.url, "title": [title], "status": "sold out", "nested": {"a": [1]}}
        yield {"quote": 1}
        yield {"quote": 2}
        yield {}


class BookLoader(ItemLoader):
    default_item_class = Book
    default_output_processor = TakeFirst()
    tags_out = MapCompose(str.upper)


class Loaders(Shape):
    pages = ("page/1",)

    def parse(self, response: TextResponse) -> Any:  # type: ignore[override]
        loader = BookLoader(response=response)
        loader.add_css("title", "title::text")
        loader.add_css("tags", "p.a::text")
        return loader.load_item()


class Changing:
    """A pipeline that changes, drops and fails."""

    def __init__(self) -> None:
        self.notes: list[Any] = []

    def open_spider(self) -> None:
        self.notes.append("opened")

    async def process_item(self, item: dict[str, Any]) -> dict[str, Any]:
        if item["n"] == 1:
            raise DropItem("one")
        if item["n"] == 2:
            raise ValueError("two")
        return {**item, "changed": True}


class Pipelines(Shape):
    custom_settings = {"ITEM_PIPELINES": {Changing: 1}}
    pages = ("page/1",)

    def parse(self, response: Response) -> Any:
        for number in range(5):
            yield {"n": number}


class Feeds(Shape):
    custom_settings = {
        "FEEDS": {
            "feeds/items.jsonl": {"format": "jsonlines"},
            "feeds/%(name)s.csv": {"format": "csv", "fields": ["url", "n"]},
            "feeds/batch-%(batch_id)d.json": {"format": "json", "batch_item_count": 2},
        },
        "CONCURRENT_REQUESTS": 1,
    }
    pages = ("page/1",)

    def parse(self, response: Response) -> Any:
        for number in range(5):
            yield {"url": "é", "n": number}


class NamedFiles(FilesPipeline):
    """Names files without the port of the web, which differs."""

    def file_path(self, request: Request, *args: Any, **kwargs: Any) -> str:
        return request.url.rpartition("/")[2].partition(",")[0]


class Files(Shape):
    custom_settings = {
        "ITEM_PIPELINES": {NamedFiles: 1},
        "FILES_STORE": "files/files",
    }

    async def start(self) -> AsyncIterator[Any]:
        yield self.get("page/1")

    def parse(self, response: Response) -> Any:
        names = (
            "file/1.bin",
            "file/2.png",
            "file/1.bin",
            "status/404",
            "redirect/1?to=/files/file/3.bin",
        )
        yield {"file_urls": [self.url(name) for name in names]}
        yield {"file_urls": ["data:text/plain,data"]}


class Carrying(Shape):
    """Hands items from one callback to the next, and shares one between two requests."""

    pages = ("page/1", "page/2")

    def parse(self, response: Response) -> Any:
        shared, toy = Book(title=response.url, tags=[]), Toy("toy", ["new"])
        for number in (1, 2):
            yield self.get(
                f"page/{response.url[-1]}/{number}",
                self.parse_part,
                meta={"book": shared, "seen": {number}, "shirt": Shirt("red")},
                cb_kwargs={"toy": toy, "by": {number: (toy, None)}},
            )

    def parse_part(self, response: Response, toy: Toy, by: dict[int, Any]) -> Any:
        book = response.meta["book"]
        book["tags"].append(response.url)
        ((number, (same, _)),) = by.items()
        kinds = [type(value).__name__ for value in (book, toy, *response.meta["seen"])]
        yield {"kinds": kinds, "same": same is toy, "n": number, "shirt": response.meta["shirt"]}
        if len(book["tags"]) == 2:
            yield Book(title=book["title"], tags=sorted(book["tags"]))
