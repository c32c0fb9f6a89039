"""Who has the refusals of a site, and how often a refused page is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.downloadermiddlewares.retry import RetryMiddleware, get_retry_request
from scrapy.exceptions import IgnoreRequest

from tests.differential.shapes.shape import Shape

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

_SCRAPYS = "scrapy.downloadermiddlewares.retry.RetryMiddleware"


class Refused(Shape, abstract=True):
    """Asks for a page that is always refused, and for one that is not."""

    async def start(self) -> AsyncIterator[Any]:
        yield self.get("status/429", errback=self.failed)
        yield self.get("page/1")

    def failed(self, failure: Any) -> Any:
        meta = failure.request.meta
        return {"failed": type(failure.value).__name__, "retries": meta.get("retry_times", 0)}


class RefusedByRetryTimes(Refused):
    custom_settings = {"RETRY_TIMES": 2}


class RefusedNeverRetried(Refused):
    custom_settings = {"RETRY_TIMES": 0}


class RefusedByMaxRetryTimes(Refused):
    async def start(self) -> AsyncIterator[Any]:
        for times in (0, 2):
            meta = {"max_retry_times": times}
            yield self.get(f"status/429?times={times}", meta=meta, errback=self.failed)


class RefusedWithoutRetryMiddleware(Refused):
    custom_settings = {"DOWNLOADER_MIDDLEWARES": {_SCRAPYS: None}}


class RefusedAndHandled(Refused):
    custom_settings = {"RETRY_HTTP_CODES": [500, 503], "HTTPERROR_ALLOWED_CODES": [429]}


class _Closes(RetryMiddleware):
    """Closes the crawl at the first refusal, instead of Scrapy's middleware."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler.settings)
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> _Closes:
        return cls(crawler)

    def process_response(  # type: ignore[override]  # Scrapy deprecates its spider argument
        self, request: Request, response: Response
    ) -> Any:
        if response.status != 429:
            return super().process_response(request, response)
        assert self.crawler.engine is not None
        self.crawler.engine.close_spider(reason="refused")  # type: ignore[call-arg]
        raise IgnoreRequest("refused")


class RefusedAndClosed(Refused):
    custom_settings = {"DOWNLOADER_MIDDLEWARES": {_SCRAPYS: None, _Closes: 550}}

    async def start(self) -> AsyncIterator[Any]:
        yield self.get("status/429", errback=self.failed)

    def closed(self, reason: str) -> None:
        self.notes.append(["closed", reason])


class _NewSession:
    """Asks for a refused page once more, as somebody else."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> _NewSession:
        made = cls()
        made.crawler = crawler
        return made

    crawler: Crawler

    def process_response(self, request: Request, response: Response) -> Any:
        spider = self.crawler.spider
        assert isinstance(spider, Shape)
        spider.notes.append([response.status, request.headers.get("X-Test")])
        if response.status != 429 or "X-Test" in request.headers:
            return response
        request.headers["X-Test"] = "second"
        return get_retry_request(request, spider=spider, reason="refused") or response


class RefusedAndAskedAnew(Refused):
    custom_settings = {"DOWNLOADER_MIDDLEWARES": {_NewSession: 560}, "RETRY_TIMES": 1}

    async def start(self) -> AsyncIterator[Any]:
        yield self.get("flaky/1?times=1&code=429", errback=self.failed)
