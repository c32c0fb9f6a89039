"""Ways to go on from a page."""

from __future__ import annotations

import asyncio
from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.dupefilters import RFPDupeFilter
from scrapy.linkextractors import LinkExtractor
from scrapy.utils.defer import deferred_from_coro
from scrapy.utils.request import fingerprint

from tests.differential.shapes.shape import Shape

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response, TextResponse
    from scrapy.statscollectors import StatsCollector
    from twisted.internet.defer import Deferred


def leaves(shape: str, *names: str) -> str:
    """Return the options of a page that links to ``names``."""
    return "to=" + "%20".join(f"/{shape}/page/{name}" for name in names)


class FollowAll(Shape):
    pages = (f"page/1?{leaves('followall', '2', '3', '2', '2#x')}",)

    def parse(self, response: TextResponse) -> Any:  # type: ignore[override]
        yield {"url": response.url}
        yield from response.follow_all(css="a")


class Extracted(Shape):
    pages = (f"page/1?{leaves('extracted', 'a', 'b', 'b', 'c.pdf')}",)

    def parse(self, response: TextResponse) -> Any:  # type: ignore[override]
        yield {"url": response.url}
        for link in LinkExtractor(deny="c").extract_links(response):
            yield response.follow(link)


class AsksAgain(Shape):
    """A start page that asks for itself until it is content."""

    pages = ("page/1", "page/2")

    def parse(self, response: Response) -> Any:
        assert response.request is not None
        retries = response.meta.get("retry_times", 0)
        yield {"url": response.url, "retries": retries}
        if response.url.endswith("1"):
            again = get_retry_request(response.request, spider=self, reason="empty")
            if again is not None:
                yield again
        elif not response.meta.get("second"):
            yield response.request.replace(dont_filter=True, meta={"second": True})


class Gathers(Shape):
    """Requests that share a list; the last of them yields the item, also after a retry."""

    pages = ("page/1",)

    def parse(self, response: Response) -> Any:
        found: list[str] = []
        for name in ("2", "3", "4"):
            yield self.get(f"page/{name}", self.gather, cb_kwargs={"found": found})

    def gather(self, response: Response, found: list[str]) -> Any:
        assert response.request is not None
        if response.url.endswith("3") and not response.meta.get("again"):
            return response.request.replace(dont_filter=True, meta={"again": True})
        found.append(response.url)
        return {"found": sorted(found)} if len(found) == 3 else None


class CompletesLater(Shape):
    """An item that goes with a request, and is completed after the request was yielded."""

    pages = ("page/1",)

    def parse(self, response: Response) -> Any:
        item = {"first": response.url}
        yield self.get("page/2", self.second, meta={"item": item})
        item["later"] = "yes"

    def second(self, response: Response) -> Any:
        return {**response.meta["item"], "second": response.url}


class Colour(StrEnum):
    RED = "red"


class CarriesEnum(Shape):
    pages = ("page/1",)

    def parse(self, response: Response) -> Any:
        yield self.get("page/2", self.second, cb_kwargs={"colour": Colour.RED})

    def second(self, response: Response, colour: Colour) -> Any:
        return {"colour": colour.name}


class SameRequestTwice(Shape):
    pages = ("page/1",)

    def parse(self, response: Response) -> Any:
        request = self.get("page/2", self.page, dont_filter=True)
        yield request
        yield request.copy()
        yield self.get("page/3", self.page)
        yield self.get("page/3#again", self.page)

    def page(self, response: Response) -> Any:
        return {"url": response.url}


def item_of(kind: str) -> Callable[[Any, Response], Any]:
    def parse(self: Any, response: Response) -> Any:
        yield {"kind": kind, "url": response.url}

    return parse


class MadeCallbacks(Shape):
    pages = ("page/1",)
    parse_book, parse_toy = item_of("book"), item_of("toy")

    def parse(self, response: Response) -> Any:
        yield self.get("page/book", self.parse_book)
        yield self.get("page/toy", self.parse_toy)


class Base(Shape):
    pages = ("page/1",)

    def page(self, response: Response) -> Any:
        return {"from": "base"}

    def parse(self, response: Response) -> Any:
        yield self.get("page/own", self.page)


class Overrides(Base):
    def page(self, response: Response) -> Any:
        return {"from": "override"}

    def parse(self, response: Response) -> Any:
        yield from super().parse(response)
        yield self.get("page/super", super().page)


class AsyncCallback(Shape):
    pages = ("page/1",)

    async def parse(self, response: Response) -> Any:
        await asyncio.sleep(0.01)
        return [{"from": "coroutine"}, self.get("page/2", self.more)]

    async def more(self, response: Response) -> AsyncIterator[Any]:
        yield {"from": "generator"}
        await asyncio.sleep(0)
        yield None
        yield self.get("page/3", self.last)

    def last(self, response: Response) -> Any:
        return [{"from": "list"}, None]


class Downloads(Shape):
    pages = ("page/1",)

    async def parse(self, response: Response) -> Any:
        paths = ["page/2", "redirect/1?to=/downloads/page/3", "status/404"]
        asked = (self.crawler.engine.download_async(self.get(path)) for path in paths)
        for page in await asyncio.gather(*asked):
            yield {"url": page.url, "status": page.status}


class Redirects(Shape):
    pages = (
        "redirect/1?to=/redirects/redirect/2%3Fto=/redirects/page/1",
        "redirect/3?to=/redirects/page/1",
        "redirect/loop",
    )
    custom_settings = {"REDIRECT_MAX_TIMES": 3}

    async def start(self) -> AsyncIterator[Any]:
        async for request in super().start():
            yield request
        yield self.get("redirect/4?to=/redirects/page/1")
        yield self.get("redirect/5?code=307&to=/redirects/echo/1", method="POST", body="kept")
        yield self.get("redirect/6?code=302&to=/redirects/echo/2", method="POST", body="lost")
        yield self.get("redirect/7?to=/nowhere", meta={"dont_redirect": True}, errback=self.kept)

    def parse(self, response: Response) -> Any:
        known = ("redirect_times", "redirect_urls", "redirect_reasons")
        self.notes.append([response.url, {name: response.meta.get(name) for name in known}])

    def kept(self, failure: Any) -> Any:
        return {"status": failure.value.response.status}


class Refreshes(Shape):
    pages = ("refresh/1?to=/refreshes/page/1",)


class ByPath:
    """A fingerprinter for which queries do not count."""

    def fingerprint(self, request: Request) -> bytes:
        return fingerprint(request.replace(url=request.url.partition("?")[0]))


class Fingerprints(Shape):
    custom_settings = {"REQUEST_FINGERPRINTER_CLASS": ByPath, "CONCURRENT_REQUESTS": 1}

    async def start(self) -> AsyncIterator[Any]:
        for path in ("page/1?n=1", "page/1?n=2", "page/2"):
            yield self.get(path)

    def parse(self, response: Response) -> Any:
        return {"path": response.url.partition("?")[0]}


class FilterByPath(RFPDupeFilter):
    """A duplicate filter with fingerprints of its own, as in Scrapy's documentation."""

    def __init__(self, path: Any = None, debug: bool = False, *, fingerprinter: Any = None) -> None:
        super().__init__(path, debug, fingerprinter=ByPath())


class FiltersByPath(Fingerprints):
    custom_settings = {"DUPEFILTER_CLASS": FilterByPath, "CONCURRENT_REQUESTS": 1}


class Twice(RFPDupeFilter):
    """Lets each URL through twice, and none that ends with "no"."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.times: Counter[str] = Counter()
        self.opened = False
        self.stats: StatsCollector | None = None

    def open(self) -> Deferred[None]:
        def opened(_: object) -> None:
            self.opened = True

        return deferred_from_coro(asyncio.sleep(0.01)).addCallback(opened)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        self = super().from_crawler(crawler)
        self.stats = crawler.stats
        return self

    def close(self, reason: str) -> None:
        assert self.stats is not None
        self.stats.set_value("twice/closed", reason)

    def request_seen(self, request: Request) -> bool:
        assert self.opened
        self.times[request.url] += 1
        return request.url.endswith("no") or self.times[request.url] > 2


class FiltersByItself(Shape):
    """Its filter is asked about each request that may be left out, and its answer counts."""

    custom_settings = {"DUPEFILTER_CLASS": Twice, "CONCURRENT_REQUESTS": 1}

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.on_dropped, signals.request_dropped)
        return spider

    def on_dropped(self, request: Request) -> None:
        self.notes.append(["dropped", request.url])

    async def start(self) -> AsyncIterator[Any]:
        for path in ("page/1", "page/1", "page/1", "page/no"):
            yield self.get(path)
        yield self.get("page/1", dont_filter=True)

    def parse(self, response: Response) -> Any:
        yield {"url": response.url}
        for path in ("page/2", "page/3/no", f"redirect/a?to=/{self.name}/page/4"):
            yield self.get(path)


class ListensForDuplicates(Shape):
    """Acknowledges by the signal what is not fetched, as consumers of a queue of messages do."""

    custom_settings = {"CONCURRENT_REQUESTS": 1}

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.on_dropped, signals.request_dropped)
        return spider

    def on_dropped(self, request: Request) -> None:
        self.notes.append(["dropped", request.url, request.cb_kwargs.get("message")])

    async def start(self) -> AsyncIterator[Any]:
        for message, path in enumerate(("page/1", "page/2", "page/1", "page/2")):
            yield self.get(path, cb_kwargs={"message": message})
        yield self.get("page/1", dont_filter=True, cb_kwargs={"message": 4})

    def parse(self, response: Response, message: int = -1) -> Any:
        yield {"url": response.url, "message": message}
        if message < 2:
            for path in ("page/3", "page/4", f"redirect/a?to=/{self.name}/page/4"):
                yield self.get(path, cb_kwargs={"message": message + 10})


class NoFilter(Shape):
    custom_settings = {"DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter"}

    async def start(self) -> AsyncIterator[Any]:
        for _ in range(3):
            yield self.get("page/1")


class Offsite(Shape):
    pages = ("page/1",)
    allowed_domains = ["127.0.0.1"]

    def parse(self, response: Response) -> Any:
        yield {"url": response.url}
        yield response.follow("http://elsewhere.test/")
        yield self.get("page/2")


class TooLong(Shape):
    custom_settings = {"URLLENGTH_LIMIT": 60}
    pages = ("page/1",)

    def parse(self, response: Response) -> Any:
        yield {"url": response.url}
        yield self.get(f"page/{'x' * 60}")
