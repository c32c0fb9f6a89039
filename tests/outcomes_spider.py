"""A spider whose requests end in every way; test_scheduler.py runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider
from scrapy.exceptions import DropItem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from scrapy.http import Response


class Picky:
    """Fails on some items, drops others."""

    def process_item(self, item: dict[str, Any]) -> dict[str, Any]:
        if item["kind"] == "fail":
            raise ValueError("this item breaks the pipeline")
        if item["kind"] == "drop":
            raise DropItem("not wanted")
        return item


class OutcomesSpider(Spider):
    name = "outcomes"
    custom_settings = {"ITEM_PIPELINES": {Picky: 1}}  # noqa: RUF012 - Scrapy's way

    def __init__(self, base: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.base = base
        self.polled = 0

    async def start(self) -> AsyncIterator[Any]:
        yield {"kind": "an item from start()"}
        yield Request(f"{self.base}/", self.parse)

    def parse(self, response: Response) -> Iterator[Request]:
        def page(n: int, query: str = "") -> str:
            return f"{self.base}/section0/page{n}.html{query}"

        yield Request(page(1), self.raises)
        yield Request(page(2), self.item, cb_kwargs={"kind": "fail"})
        yield Request(page(3), self.item, cb_kwargs={"kind": "drop"})
        yield Request(page(4), print)
        yield Request(page(5), self.poll, dont_filter=True)
        yield Request(page(6), meta=response.meta, callback=self.item, cb_kwargs={"kind": "ok"})
        yield Request(page(6), self.raises)  # known: never fetched
        yield Request(f"{self.base}/missing.html", self.item, cb_kwargs={"kind": "ok"})
        yield Request("http://10.0.0.1/", self.item, cb_kwargs={"kind": "ok"})

    def raises(self, response: Response) -> None:
        raise RuntimeError("a broken callback")

    def item(self, response: Response, kind: str) -> Iterator[dict[str, str]]:
        yield {"kind": kind}

    def poll(self, response: Response) -> Iterator[Request]:
        self.polled += 1
        if self.polled < 3:
            yield response.request.replace()  # type: ignore[union-attr]
