"""A spider that checks at each step of its callbacks which page its worker has noted."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider

from crawlproj.fleet.breadcrumb import read_breadcrumb
from crawlproj.fleet.files import breadcrumb_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from scrapy.http import Response


class NotingSpider(Spider):
    """Its callbacks interleave; whenever one runs, its own page must be the one noted."""

    name = "noting"
    base: str

    async def start(self) -> AsyncIterator[Request]:
        """Yield 40 pages of the site ``base``, alternating between the kinds of callbacks."""
        kinds = (self.parse_generator, self.parse_coroutine, self.parse_async, self.parse_list)
        for number in range(40):
            url = f"{self.base}/section0/page{number + 1}.html"
            yield Request(url, callback=kinds[number % 4], errback=self.failed)
        yield Request(f"{self.base}/nothing-here", errback=self.failed)

    def parse_generator(self, response: Response) -> Iterator[Any]:
        """Check when resumed between items."""
        for step in range(3):
            self.look(response.url, f"generator {step}")
            yield {"step": step}
        self.look(response.url, "generator's end")

    async def parse_coroutine(self, response: Response) -> None:
        """Check when resumed after an await."""
        self.look(response.url, "coroutine 0")
        await asyncio.sleep(0.01)
        self.look(response.url, "coroutine 1")

    async def parse_async(self, response: Response) -> AsyncIterator[Any]:
        """Check when resumed after an await and between items."""
        for step in range(3):
            self.look(response.url, f"asynchronous generator {step}")
            await asyncio.sleep(0.005)
            self.look(response.url, f"asynchronous generator {step}, resumed")
            yield {"step": step}

    def parse_list(self, response: Response) -> list[Any]:
        """Check in a callback that returns before its items are taken."""
        self.look(response.url, "list")
        return [{"step": 0}]

    def failed(self, failure: Any) -> None:
        """Check in an errback."""
        self.look(failure.request.url, "errback")

    def look(self, url: str, where: str) -> None:
        """Count whether ``url`` is the page that is noted."""
        place = (Path(self.settings["FLEET_DIR"]), self.settings["FLEET_WORKER"])
        noted = read_breadcrumb(breadcrumb_file(*place))
        right = noted is not None and noted.url == url and noted.lease_id > 0
        self.crawler.stats.inc_value("noted/right" if right else f"noted/wrong/{where}")

    def closed(self, reason: str) -> None:
        """Log the counts."""
        self.logger.warning("right: %s", self.crawler.stats.get_value("noted/right"))
        for name, count in self.crawler.stats.get_stats().items():
            if name.startswith("noted/wrong"):
                self.logger.warning("%s: %s", name, count)
