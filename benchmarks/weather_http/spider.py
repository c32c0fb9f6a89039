"""Fetches endless distinct pages of many sites; runs with the settings of either side."""

from __future__ import annotations

import os
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import scrapy

from crawlproj.demo.spec import path_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response
    from twisted.python.failure import Failure


class WeatherSpider(scrapy.Spider):
    """Keeps ``pending`` URLs of each site waiting: each one that ends is followed by another.

    sites: a file of base URLs, one per line.
    log: gets a line per page: unix seconds and the latency in seconds, separated by a tab. Each
        line is one write, so that none is lost when the crawl is killed.

    The callbacks are not generators, because Scrapy parses the source of those for each response.
    """

    name = "weather"

    def __init__(self, sites: str, pending: str, log: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bases = Path(sites).read_text().split()
        self.pending = int(pending)
        self.log_file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self.numbers = [count(1) for _ in self.bases]

    async def start(self) -> AsyncIterator[scrapy.Request]:
        for _ in range(self.pending):
            for site in range(len(self.bases)):
                yield self.following(site)

    def following(self, site: int) -> scrapy.Request:
        """Return the request of the next page of the site."""
        url = self.bases[site] + path_of(next(self.numbers[site]))
        return scrapy.Request(url, self.parse, errback=self.failed, cb_kwargs={"site": site})

    def parse(self, response: Response, site: int) -> scrapy.Request:
        """Write the latency of the page, and request another one."""
        line = f"{time.time():.6f}\t{response.meta['download_latency']:.6f}\n"
        os.write(self.log_file, line.encode())
        return self.following(site)

    def failed(self, failure: Failure) -> scrapy.Request:
        """Request another page."""
        return self.following(failure.request.cb_kwargs["site"])  # type: ignore[attr-defined]
