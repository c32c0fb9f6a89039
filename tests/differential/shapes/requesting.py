"""The parts that requests may have, and what responses say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy import FormRequest, Request
from scrapy.http import JsonRequest, TextResponse

from tests.differential.shapes.shape import Shape

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response


class Echo(Shape, abstract=True):
    """A shape whose items are what the server received."""

    def echoed(self, response: Response) -> Any:
        assert isinstance(response, TextResponse)
        return response.json()

    parse = echoed


class Posts(Echo):
    async def start(self) -> AsyncIterator[Any]:
        for value in ("1", "2", "2"):
            yield FormRequest(self.url("echo/form"), formdata={"a": value, "b": "é"})
        yield JsonRequest(self.url("echo/json"), data={"a": [1, None]})
        yield self.get("echo/put", method="PUT", body=b"\x00\xff")
        yield self.get("echo/head", method="HEAD", callback=self.seen)

    def seen(self, response: Response) -> None:
        self.notes.append([response.status, response.body])


class Headers(Echo):
    custom_settings = {"DEFAULT_REQUEST_HEADERS": {"Accept-Language": "de", "X-Test": "default"}}

    async def start(self) -> AsyncIterator[Any]:
        yield self.get("echo/1")
        yield self.get("echo/2", headers={"X-Test": "own"})
        yield self.get("echo/3", headers={"Accept-Language": None})


class Referers(Echo):
    pages = ("page/1",)

    def parse(self, response: Response) -> Any:
        yield response.follow("/referers/echo/1", self.echoed)
        yield response.follow("/referers/echo/2", self.echoed, headers={"Referer": "http://own/"})


class Cookies(Echo):
    pages = ("cookie/a?value=x",)

    def parse(self, response: Response) -> Any:
        yield response.follow("/cookies/echo/1", self.first)

    def first(self, response: Response) -> Any:
        yield self.echoed(response)
        yield response.follow("/cookies/echo/2", self.second, cookies={"b": "y"})

    def second(self, response: Response) -> Any:
        yield self.echoed(response)
        yield response.follow("/cookies/echo/3", self.echoed, meta={"dont_merge_cookies": True})


class CookieJars(Echo):
    async def start(self) -> AsyncIterator[Any]:
        for jar in (1, 2):
            yield self.get(f"cookie/a?value={jar}", meta={"cookiejar": jar})

    def parse(self, response: Response) -> Any:
        jar = response.meta["cookiejar"]
        yield response.follow(f"/cookiejars/echo/{jar}", self.echoed, meta={"cookiejar": jar})


class BasicAuth(Shape):
    # Scrapy 2.15 has no settings for these.
    pages = ("auth/1",)
    http_user = "user"
    http_pass = "pass"
    http_auth_domain = None  # any: Scrapy compares it with host and port


class Arguments(Shape):
    async def start(self) -> AsyncIterator[Any]:
        kwargs = {"n": 1, "pair": (1, "b"), "data": b"\xff", "nested": {"a": [None, 1.5]}}
        yield self.get("page/1", self.page, cb_kwargs=kwargs, meta={"own": (1, [2])}, flags=["f"])

    def page(self, response: Response, **kwargs: Any) -> None:
        self.notes.append([repr(kwargs), repr(response.meta["own"]), response.flags])


class Objects(Shape):
    """Meta and callbacks that no frontier can store."""

    async def start(self) -> AsyncIterator[Any]:
        seen = object()

        def inner(response: Response) -> Any:
            return {"same": response.meta["seen"] is seen}

        yield self.get("page/1", inner, meta={"seen": seen})
        yield self.get("page/2", callback=lambda response: {"lambda": response.status})


class MetaCopied(Shape):
    pages = ("page/1",)

    def parse(self, response: Response) -> Any:
        number = int(response.url[-1])
        known = ("depth", "number", "is_start_request", "download_slot")
        self.notes.append([number, {name: response.meta.get(name) for name in known}])
        if number < 4:
            meta = {**response.meta, "number": number}
            yield self.get(f"page/{number + 1}", meta=meta)


class Slots(Shape):
    custom_settings = {"DOWNLOAD_SLOTS": {"api": {"concurrency": 1, "delay": 0.1}}}

    async def start(self) -> AsyncIterator[Any]:
        for number in range(3):
            yield self.get(f"page/{number}", meta={"download_slot": "api"})

    def parse(self, response: Response) -> Any:
        slot = self.crawler.engine.downloader.slots["api"]
        return {"slot": response.meta["download_slot"], "delay": slot.delay}


class Priorities(Shape):
    custom_settings = {"DEPTH_PRIORITY": 1}
    pages = ("page/1",)

    def parse(self, response: Response) -> Any:
        assert response.request is not None
        yield {"url": response.url, "priority": response.request.priority}
        if response.meta["depth"] < 2:
            for priority in (5, -5):
                yield response.follow(f"{response.url}{priority}", priority=priority)


class Depths(Shape):
    custom_settings = {"DEPTH_LIMIT": 2, "DEPTH_STATS_VERBOSE": True}
    pages = ("page/1",)

    def parse(self, response: Response) -> Any:
        yield {"depth": response.meta["depth"]}
        yield response.follow(f"{response.url}1")


class FoundTooDeepTwice(Shape):
    custom_settings = {"DEPTH_LIMIT": 1}
    pages = ("page/1", "page/2")

    def parse(self, response: Response) -> Any:
        yield {"depth": response.meta["depth"]}
        yield response.follow(f"{response.url}0")
        for _ in range(3):
            yield response.follow("7777" if response.meta["depth"] else "8888")


class Slow(Shape):
    async def start(self) -> AsyncIterator[Any]:
        yield self.get("slow/1?s=0.1")
        meta = {"download_timeout": 2.0, "max_retry_times": 0}
        yield self.get("slow/2?s=3600", meta=meta, errback=self.late)

    def late(self, failure: Any) -> Any:
        return {"late": failure.check(*self.settings.getlist("RETRY_EXCEPTIONS")) is not None}


class DataUrls(Shape):
    async def start(self) -> AsyncIterator[Any]:
        yield self.get("page/1")
        yield Request("data:text/html,<title>data</title>", dont_filter=True)
