"""A spider and a pipeline that fail on some pages; test_books.py runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.exceptions import DropItem

from crawlproj.spiders.site import SiteSpider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.http import Response


class Picky:
    """Drops the page /dropped, and fails on /breaks."""

    def process_item(self, item: Any) -> Any:
        if item.url.endswith("/dropped"):
            raise DropItem("not wanted")
        if item.url.endswith("/breaks"):
            raise ValueError("this page breaks the pipeline")
        return item


class EverythingSpider(SiteSpider):
    """Raises on /broken, before and after its page."""

    name = "everything"

    def parse(self, response: Response) -> Iterator[Any]:
        if response.url.endswith("/broken"):
            raise RuntimeError("a broken callback")
        yield from super().parse(response)
        if response.url.endswith("/half"):
            raise RuntimeError("broken after its page")
