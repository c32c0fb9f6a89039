"""How requests and crawls end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.exceptions import CloseSpider, DontCloseSpider, IgnoreRequest, StopDownload

from tests.differential.shapes.shape import Shape

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy import Request
    from scrapy.http import Response


class Statuses(Shape):
    handle_httpstatus_list = [404]

    async def start(self) -> AsyncIterator[Any]:
        yield self.get("status/404")
        yield self.get("status/403", errback=self.failed)
        yield self.get("status/410", meta={"handle_httpstatus_list": [410]})
        yield self.get("status/999", meta={"handle_httpstatus_all": True})
        yield self.get("status/405")

    def failed(self, failure: Any) -> Any:
        return {"failed": type(failure.value).__name__, "status": failure.value.response.status}


class Failures(Shape):
    async def start(self) -> AsyncIterator[Any]:
        closed = self.get("close/1", errback=self.failed, cb_kwargs={"n": 1})
        yield closed.replace(meta={"dont_retry": True})
        yield self.get("close/2")  # without an errback

    async def failed(self, failure: Any) -> AsyncIterator[Any]:
        yield {"failed": failure.request.url, "kwargs": failure.request.cb_kwargs}
        yield self.get("page/instead")


class Retries(Shape):
    pages = ("flaky/1?times=1", "flaky/2?times=9")

    def parse(self, response: Response) -> Any:
        return {"url": response.url, "retries": response.meta.get("retry_times", 0)}


class Beside(Shape):
    """Asks for pages in a task of its own, when nothing else is left, and goes on with the last."""

    pages = ("page/1",)

    async def parse(self, response: Response) -> Any:
        self.task = asyncio.ensure_future(self.beside())
        return {"url": response.url}

    async def beside(self) -> None:
        for path in ("page/2", "redirect/a?to=/beside/page/3"):
            engine: Any = self.crawler.engine
            found = await engine.download_async(self.get(path))
            self.notes.append(found.url)
        engine.crawl(self.get("page/4", self.last))

    async def last(self, response: Response) -> Any:
        self.task = asyncio.ensure_future(self.ends())
        return {"url": response.url}

    async def ends(self) -> None:
        engine: Any = self.crawler.engine
        await engine.download_async(self.get("page/5"))
        await engine.close_spider_async(reason="of its own")


class CountsWaiting(Shape):
    """Reads how many requests wait, as spiders do that log it or hold back."""

    custom_settings = {"CONCURRENT_REQUESTS": 1}
    pages = ("page/1",)

    def parse(self, response: Response) -> Any:
        for number in range(2, 8):
            yield self.get(f"page/{number}", self.one)

    def one(self, response: Response) -> Any:
        if not self.notes:
            scheduler: Any = self.crawler.engine.scheduler
            self.notes.append(["some wait", len(scheduler) > 2])


class Raises(Shape):
    pages = ("page/1", "page/2")

    def parse(self, response: Response) -> Any:
        yield {"url": response.url}
        yield self.get("page/3", self.at_once)
        raise ValueError("half a page")

    def at_once(self, response: Response) -> Any:
        raise KeyError("nothing of the page")


class Closes(Shape):
    pages = ("page/1",)

    def parse(self, response: Response) -> Any:
        yield {"url": response.url}
        raise CloseSpider("enough")

    def closed(self, reason: str) -> None:
        self.notes.append(["closed", reason])


class CountsPages(Shape):
    custom_settings = {"CLOSESPIDER_PAGECOUNT": 1}
    pages = ("page/1",)

    def parse(self, response: Response) -> Any:
        yield {"url": response.url}


class Idles(Shape):
    """Asks for more when there is nothing left to do, as spiders with a queue of their own do."""

    pages = ("page/1",)

    @classmethod
    def from_crawler(cls, crawler: Any, *args: Any, **kwargs: Any) -> Idles:
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.idle, signals.spider_idle)
        return spider

    def idle(self) -> None:
        number = len(self.notes) + 2
        if number < 4:
            self.notes.append(["idle", number])
            self.crawler.engine.crawl(self.get(f"page/{number}"))
            raise DontCloseSpider


class IdleReason(Shape):
    pages = ("page/1",)

    @classmethod
    def from_crawler(cls, crawler: Any, *args: Any, **kwargs: Any) -> IdleReason:
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.idle, signals.spider_idle)
        return spider

    def idle(self) -> None:
        raise CloseSpider("bored")


class Consumes(Shape):
    """Waits for messages that come while it is idle, and closes itself after the last one."""

    left = 2
    waiting: asyncio.TimerHandle | None = None

    @classmethod
    def from_crawler(cls, crawler: Any, *args: Any, **kwargs: Any) -> Consumes:
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.idle, signals.spider_idle)
        return spider

    def idle(self) -> None:
        if self.waiting is None:
            self.waiting = asyncio.get_running_loop().call_later(0.05, self.take)
        raise DontCloseSpider

    def take(self) -> None:
        self.waiting = None
        if self.left:
            self.crawler.engine.crawl(self.get(f"page/{self.left}"))
        else:
            self.closing = asyncio.ensure_future(
                self.crawler.engine.close_spider_async(reason="consumed")
            )
        self.left -= 1


class Pauses(Shape):
    """Stands still for a while, as from the telnet console."""

    async def start(self) -> AsyncIterator[Any]:
        for number in range(4):
            yield self.get(f"page/{number}")
        self.crawler.engine.pause()
        asyncio.get_running_loop().call_later(0.2, self.crawler.engine.unpause)


class NotScheduled(Shape):
    pages = ("page/1", "page/unwanted")

    @classmethod
    def from_crawler(cls, crawler: Any, *args: Any, **kwargs: Any) -> NotScheduled:
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.scheduled, signals.request_scheduled)
        return spider

    def scheduled(self, request: Request) -> None:
        if "unwanted" in request.url:
            raise IgnoreRequest


class StopsDownloads(Shape):
    pages = ("file/1.bin",)

    @classmethod
    def from_crawler(cls, crawler: Any, *args: Any, **kwargs: Any) -> StopsDownloads:
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.headers, signals.headers_received)
        return spider

    def headers(self, body_length: int, request: Request) -> None:
        self.notes.append([body_length, request.url])
        raise StopDownload(fail=False)

    def parse(self, response: Response) -> Any:
        return {"bytes": len(response.body), "flags": response.flags}


class SizeLimits(Shape):
    async def start(self) -> AsyncIterator[Any]:
        meta = {"download_maxsize": 10, "max_retry_times": 0}
        yield self.get("file/1.bin", meta=meta, errback=self.large)
        yield self.get("file/2.bin", self.small)

    def large(self, failure: Any) -> Any:
        return {"large": type(failure.value).__name__}

    def small(self, response: Response) -> Any:
        return {"bytes": len(response.body)}


class Robots(Shape):
    custom_settings = {"ROBOTSTXT_OBEY": True}

    async def start(self) -> AsyncIterator[Any]:
        yield self.get("page/public")
        yield self.get("page/private", errback=self.refused)

    def parse(self, response: Response) -> Any:
        return {"url": response.url}

    def refused(self, failure: Any) -> Any:
        return {"refused": failure.check(IgnoreRequest) is not None}


class Bodies(Shape):
    pages = ("gzip/1", "latin/1", "text/1?body=plain", "file/1.bin")

    def parse(self, response: Response) -> Any:
        text = response.text[:40] if hasattr(response, "text") else None
        return {"type": type(response).__name__, "text": text, "size": len(response.body)}
