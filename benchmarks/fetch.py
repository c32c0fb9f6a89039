"""Fetches pages of a demo site and discards them; runs with the settings of either side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import scrapy

from crawlproj.demo.spec import path_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response


class FetchSpider(scrapy.Spider):
    """Requests pages 0 to ``pages`` - 1 of the demo site at ``url``."""

    name = "fetch"

    def __init__(self, url: str, pages: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.base = url.rstrip("/")
        self.pages = int(pages)

    async def start(self) -> AsyncIterator[scrapy.Request]:
        for n in range(self.pages):
            yield scrapy.Request(self.base + path_of(n))

    def parse(self, response: Response) -> None:
        """Do nothing."""
