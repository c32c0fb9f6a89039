"""The spider of the models that run Scrapy: one request per page, and a callback that parses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import scrapy
from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess

from crawlproj.lab.fetch.toolkit.http1 import HttpError
from crawlproj.lab.fetch.toolkit.job import now

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.settings import Settings

    from crawlproj.lab.fetch.toolkit.job import Job


class LabSpider(scrapy.Spider):
    """Fetches pages of a job. ``crawl`` sets the job on a subclass."""

    name = "lab"
    lab_job: Job  # not "job": crawlproj's frontier reads that as the name of a crawl
    pages: Iterable[int]
    begin: staticmethod[[], None]
    spread: bool

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> LabSpider:
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.note_start, signals.request_reached_downloader)
        return spider

    async def start(self) -> AsyncIterator[scrapy.Request]:
        """Yield one request per page."""
        self.begin()
        for page in self.pages:
            yield scrapy.Request(
                self.lab_job.url(page, spread=self.spread), cb_kwargs={"page": page}
            )

    def note_start(self, request: scrapy.Request) -> None:
        """Note when a request reaches the downloader."""
        request.meta["lab_started"] = now()

    def parse(self, response: Response, page: int) -> None:
        """Finish a page."""
        if response.status != 200:
            raise HttpError(f"the response to page {page} has status {response.status}")
        self.lab_job.finish(page, response.body, response.meta["lab_started"])


def crawl(
    job: Job,
    settings: Settings,
    pages: Iterable[int] | None = None,
    begin: Callable[[], None] | None = None,
    *,
    spread: bool = False,
) -> None:
    """Crawl pages of a job (default: all) in this process, as ``scrapy crawl`` does.

    begin: called before the first request (default: ``job.begin``). spread: distribute the pages
        over the site's addresses.
    """
    attributes = {
        "lab_job": job,
        "pages": range(job.pages) if pages is None else pages,
        "begin": staticmethod(begin or job.begin),
        "spread": spread,
    }
    process = AsyncCrawlerProcess(settings)
    process.crawl(type("JobSpider", (LabSpider,), attributes))
    process.start()
