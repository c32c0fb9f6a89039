"""The base of every shape of spider: its pages, and notes of what it saw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from scrapy import Request, Spider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response


class InWeb(Spider):
    """A spider that knows the address of the web."""

    web = ""


SHAPES: dict[str, type[Spider]] = {}
"""Every shape, by name."""


class Shape(Spider):
    """A spider that asks for ``start`` pages and notes what it sees. A subclass is a shape.

    web: the address of the web. notes: what it saw, in any order.
    """

    pages: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, *, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not abstract:
            register(cls)

    def __init__(self, web: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.web = web
        self.notes: list[Any] = []

    def url(self, path: str) -> str:
        """Return the URL of ``path`` in this shape's part of the web."""
        return f"{self.web}/{self.name}/{path}"

    def get(self, path: str, *args: Any, **kwargs: Any) -> Request:
        """Return a request for ``path``."""
        return Request(self.url(path), *args, **kwargs)

    async def start(self) -> AsyncIterator[Any]:
        for path in self.pages:
            yield self.get(path, dont_filter=True)

    def parse(self, response: Response) -> Any:
        return {"title": response.css("title::text").get(), "status": response.status}


def register(cls: type[Spider]) -> None:
    """Name a spider after its class, and make it a shape."""
    cls.name = cls.__name__.lower()
    SHAPES[cls.name] = cls
