"""Asks for known pages only if they changed, and does nothing else: stock Scrapy's own cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import scrapy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response


class ConditionalSpider(scrapy.Spider):
    """Requests each URL of ``file`` with its ETag: a line is the two, separated by a tab."""

    name = "conditional"
    handle_httpstatus_list = (304,)

    def __init__(self, file: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lines = Path(file).read_text().splitlines()

    async def start(self) -> AsyncIterator[scrapy.Request]:
        for line in self.lines:
            url, _, etag = line.partition("\t")
            yield scrapy.Request(url, headers={"If-None-Match": etag})

    def parse(self, response: Response) -> None:
        """Do nothing."""
        assert response.status == 304
