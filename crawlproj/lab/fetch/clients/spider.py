"""The spider that stock Scrapy and crawlproj run here: a request a page, a callback that parses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import scrapy
from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess

from crawlproj.lab.fetch.clients.http1 import HttpError
from crawlproj.lab.fetch.job import now

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.settings import Settings

    from crawlproj.lab.fetch.job import Job


class LabSpider(scrapy.Spider):
    """Fetches the pages of a job, which a subclass says."""

    name = "lab"
    fetching: Job  # not "job": that names a crawl in crawlproj's frontier
    pages: Iterable[int]
    begin: staticmethod[[], None]
    spread: bool

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> LabSpider:
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.begun, signals.request_reached_downloader)
        return spider

    async def start(self) -> AsyncIterator[scrapy.Request]:
        """Yield a request a page."""
        self.begin()
        for page in self.pages:
            yield scrapy.Request(
                self.fetching.url(page, spread=self.spread), cb_kwargs={"page": page}
            )

    def begun(self, request: scrapy.Request) -> None:
        """Note when a request leaves."""
        request.meta["lab_began"] = now()

    def parse(self, response: Response, page: int) -> None:
        """Finish a page."""
        if response.status != 200:
            raise HttpError(f"page {page} was answered with status {response.status}")
        self.fetching.finish(page, response.body, response.meta["lab_began"])


def crawl(
    job: Job,
    settings: Settings,
    pages: Iterable[int] | None = None,
    begin: Callable[[], None] | None = None,
    *,
    spread: bool = False,
) -> None:
    """Crawl pages of a job (all, unless given) in this process, as ``scrapy crawl`` does.

    begin: called before the first request; ``job.begin`` unless given. spread: over the site's
        addresses.
    """
    attributes = {
        "fetching": job,
        "pages": range(job.pages) if pages is None else pages,
        "begin": staticmethod(begin or job.begin),
        "spread": spread,
    }
    process = AsyncCrawlerProcess(settings)
    process.crawl(type("JobSpider", (LabSpider,), attributes))
    process.start()
