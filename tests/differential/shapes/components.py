"""Components of a project: middlewares of all kinds, extensions, signals, stats, the cache."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from scrapy import Request, signals
from scrapy.exceptions import IgnoreRequest
from scrapy.http import HtmlResponse, Response

from tests.differential.shapes.shape import Shape

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from scrapy.crawler import Crawler


class Downloader:
    """A downloader middleware that does all that one may do."""

    def process_request(self, request: Request) -> Request | Response | None:
        if "made" in request.url:
            return HtmlResponse(request.url, body=b"<title>made</title>")
        if "moved" in request.url:
            return request.replace(url=request.url.replace("moved", "instead"))
        if "ignored" in request.url:
            raise IgnoreRequest("not wanted")
        request.headers["X-Test"] = "downloader"
        return None

    def process_response(self, request: Request, response: Response) -> Request | Response:
        if "again" in request.url and not request.meta.get("again"):
            return request.replace(meta={"again": True}, dont_filter=True)
        if response.status == 404:
            return response.replace(status=200, body=b"<title>found</title>")
        return response

    def process_exception(self, request: Request, exception: Exception) -> Response | None:
        if "close" in request.url:
            return HtmlResponse(request.url, body=b"<title>rescued</title>", request=request)
        return None


class DownloaderMiddlewares(Shape):
    custom_settings = {"DOWNLOADER_MIDDLEWARES": {Downloader: 543}}

    async def start(self) -> AsyncIterator[Any]:
        for path in ("page/made", "page/moved", "page/again", "status/404", "close/1"):
            yield self.get(path, meta={"dont_retry": True})
        yield self.get("page/ignored", errback=self.ignored)
        yield self.get("echo/1", self.echoed)

    def ignored(self, failure: Any) -> Any:
        return {"ignored": str(failure.value)}

    def echoed(self, response: Response) -> Any:
        return response.json()  # type: ignore[attr-defined]


class AsyncDownloader:
    """A downloader middleware that asks the site for a token first."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> AsyncDownloader:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        if "token" not in request.url:
            token = Request(request.url.replace("echo", "page/token"))
            answer = await self.crawler.engine.download_async(token)
            request.headers["X-Test"] = str(answer.status)


class Tokens(Shape):
    custom_settings = {
        "DOWNLOADER_MIDDLEWARES": {AsyncDownloader: 543},
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
    }
    pages = ("echo/1", "echo/2", "echo/3")

    def parse(self, response: Response) -> Any:
        return response.json()["headers"]  # type: ignore[attr-defined]


class Around:
    """A spider middleware that does all that one may do."""

    def process_spider_input(self, response: Response) -> None:
        if "refused" in response.url:
            raise ValueError("refused")

    async def process_spider_output(
        self, response: Response, result: AsyncIterator[Any]
    ) -> AsyncIterator[Any]:
        async for output in result:
            if isinstance(output, dict):
                yield {**output, "seen": True}
            elif "unwanted" not in output.url:
                yield output

    def process_spider_exception(self, response: Response, exception: Exception) -> Iterable[Any]:
        yield {"instead of": str(exception)}

    async def process_start(self, start: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for output in start:
            yield output
        yield {"after": "start"}


class SpiderMiddlewares(Shape):
    custom_settings = {"SPIDER_MIDDLEWARES": {Around: 543}}
    pages = ("page/1", "page/refused", "page/raises")

    def parse(self, response: Response) -> Any:
        yield {"url": response.url}
        yield self.get("page/unwanted")
        yield self.get("page/2", self.leaf)
        if "raises" in response.url:
            raise ValueError("raised")

    def leaf(self, response: Response) -> Any:
        return {"leaf": response.url}


class Watching:
    """An extension that counts signals and keeps stats of its own."""

    names = (
        *("spider_opened", "spider_closed", "item_scraped", "item_dropped", "item_error"),
        *("spider_error", "response_received", "response_downloaded", "request_reached_downloader"),
        *("request_left_downloader", "headers_received", "engine_started", "feed_exporter_closed"),
    )

    def __init__(self, crawler: Crawler) -> None:
        self.counts: Counter[str] = Counter()
        self.crawler = crawler
        self.receivers = [self._connect(name) for name in self.names]
        crawler.signals.connect(self._closing, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Watching:
        return cls(crawler)

    def _connect(self, name: str) -> Any:
        def count() -> None:
            self.counts[name] += 1
            self.crawler.stats.inc_value(f"own/{name}")

        self.crawler.signals.connect(count, getattr(signals, name))
        return count

    def _closing(self, spider: Any, reason: str) -> None:
        self.crawler.stats.set_value("own/reason", reason)
        self.crawler.stats.max_value("own/max", 3)
        spider.notes.append(sorted(self.counts))


class Signals(Shape):
    custom_settings = {"EXTENSIONS": {Watching: 0}}
    pages = ("page/1", "page/raises", "status/404", "redirect/1?to=/signals/page/2")

    def parse(self, response: Response) -> Any:
        yield {"url": response.url}
        if "raises" in response.url:
            raise ValueError("raised")


class Cache(Shape):
    custom_settings = {"HTTPCACHE_ENABLED": True, "HTTPCACHE_DIR": "httpcache-of-shape"}
    pages = ("page/1",)

    def parse(self, response: Response) -> Any:
        assert response.request is not None
        yield {"flags": response.flags}
        if not response.flags:
            yield response.request.replace(dont_filter=True)
