"""Callbacks and spider middlewares, run by Scrapy's scraper and by Scraping."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request, Spider
from scrapy.core.scraper import Scraper, Slot
from scrapy.core.spidermw import SpiderMiddlewareManager
from scrapy.exceptions import CloseSpider, IgnoreRequest
from scrapy.http import Response
from scrapy.logformatter import LogFormatter
from scrapy.settings import Settings
from scrapy.signalmanager import SignalManager
from scrapy.spidermiddlewares.base import BaseSpiderMiddleware
from scrapy.spidermiddlewares.depth import DepthMiddleware
from scrapy.spidermiddlewares.start import StartSpiderMiddleware
from scrapy.spidermiddlewares.urllength import UrlLengthMiddleware
from scrapy.statscollectors import MemoryStatsCollector
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.python.failure import Failure

from crawlproj._scrapy.scraping import Scraping
from tests.frontier.helpers import run
from tests.properties import examples

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

# Scrapy warns about middlewares that require a spider.
pytestmark = pytest.mark.filterwarnings("ignore::scrapy.exceptions.ScrapyDeprecationWarning")

URL = "http://a.test/"


@dataclass(frozen=True)
class Middleware:
    """A spider middleware. Its actions concern the numbers in ``on``; "" leaves the method out.

    own: it has a process_spider_output of its own, which adds an item at the end.
    """

    on: frozenset[int]
    request: str = ""
    item: str = ""
    exception: str = ""
    input: str = ""
    own: bool = False
    spider: bool = False


@dataclass(frozen=True)
class Callback:
    """A callback that yields ``values``: "item", "request", "none" or the name of an error."""

    kind: str
    values: tuple[str, ...]
    errback: str


_ACTIONS = ["", "", "pass", "drop", "replace", "swap", "raise", "raise shared"]
middlewares = st.lists(
    st.one_of(
        st.builds(
            Middleware,
            st.frozensets(st.integers(0, 4), min_size=1),
            st.sampled_from(_ACTIONS),
            st.sampled_from(_ACTIONS),
            st.sampled_from(["", "", "decline", "recover", "recover async", "raise", "wrong"]),
            st.sampled_from(["", "", "", "pass", "raise", "wrong"]),
            st.sampled_from([False, False, False, True]),
            st.booleans(),
        ),
        st.sampled_from(["depth", "start", "length"]),
    ),
    max_size=5,
)
callbacks = st.builds(
    Callback,
    st.sampled_from(
        ["list", "generator", "async generator", "coroutine", "coroutine of a generator", "iter"]
    ),
    st.lists(
        st.sampled_from(
            ["item"] * 3 + ["request"] * 4 + ["none", "ValueError", "CloseSpider", "shared"]
        ),
        max_size=5,
    ).map(tuple),
    st.sampled_from(["none", "items", "raise"]),
)


@dataclass
class Page:
    """A scraper with fakes around it, that notes what comes out of it."""

    listed: list[Any]
    pages: list[Callback]
    log: list[object] = field(default_factory=list)  # what middlewares see
    requests: list[object] = field(default_factory=list)
    items: list[object] = field(default_factory=list)
    errors: list[object] = field(default_factory=list)
    shared: Exception = field(default_factory=lambda: KeyError("shared"))
    failure: Exception | None = None  # of the download

    async def observed(self, *, ours: bool) -> list[object]:
        settings = Settings({"CONCURRENT_ITEMS": 3, "SPIDER_MIDDLEWARES_BASE": {}})
        crawler: Any = SimpleNamespace(
            settings=settings, spider=Spider("test"), logformatter=LogFormatter()
        )
        crawler.spider.settings = settings
        crawler.signals = SignalManager(crawler)
        crawler.stats = MemoryStatsCollector(crawler)
        scraper = Scraper(crawler)
        crawler.engine = SimpleNamespace(
            crawler=crawler, scraper=scraper, crawl=self._crawl, signals=crawler.signals
        )
        scraper.slot = Slot()
        made = [self._made(number, mw, crawler) for number, mw in enumerate(self.listed)]
        scraper.spidermw = SpiderMiddlewareManager(*made, crawler=crawler)
        scraper.handle_spider_error = self._error  # type: ignore[method-assign,assignment]
        scraper.itemproc.process_item_async = self._process  # type: ignore[method-assign]
        scraping = Scraping(crawler.engine)
        if ours:
            scraping.install()
        for page in self.pages:
            request = Request(URL, callback=self._callback(page), errback=self._errback(page))
            result: Any = Response(URL, request=request)
            if self.failure is not None:
                result = Failure(self.failure)  # type: ignore[no-untyped-call]
            if ours:
                await scraping.scrape(result, request)
            else:
                await maybe_deferred_to_future(scraper.enqueue_scrape(result, request))
            assert scraper.slot.is_idle()
            assert scraper.slot.active_size == 0
        stats = crawler.stats.get_stats()
        return [self.log, self.requests, self.items, self.errors, stats]

    def _crawl(self, request: Request) -> None:
        self.requests.append((request.url, request.priority, request.meta.get("depth")))

    async def _process(self, item: Any) -> Any:
        self.items.append(item)
        await asyncio.sleep(0)
        return item

    def _error(self, failure: Any, request: Request, response: object) -> None:
        self.errors.append((shown(failure.value), request.url, type(response)))

    # The callback

    def _values(self, page: Callback) -> Iterator[Any]:
        for number, value in enumerate(page.values):
            if value == "request":
                yield Request(f"{URL}{number}")
            elif value in {"item", "none"}:
                yield {"number": number} if value == "item" else None
            elif value == "shared":
                raise self.shared
            else:
                raise {"ValueError": ValueError, "CloseSpider": CloseSpider}[value](str(number))

    def _callback(self, page: Callback) -> Callable[..., Any]:
        async def generator(_: Response) -> AsyncIterator[Any]:
            for value in self._values(page):
                await asyncio.sleep(0)
                yield value

        async def coroutine(_: Response) -> Any:
            await asyncio.sleep(0)
            values = self._values(page)
            return list(values) if page.kind == "coroutine" else values

        class Iterable:
            def __iter__(self) -> Iterator[Any]:
                if page.values[:1] == ("ValueError",):
                    raise ValueError("at the start")
                return of_values(None)

        def of_values(_: object) -> Iterator[Any]:
            return self._values(page)

        return {
            "list": lambda response: list(of_values(response)),
            "generator": of_values,
            "async generator": generator,
            "iter": lambda _: Iterable(),
        }.get(page.kind, coroutine)

    def _errback(self, page: Callback) -> Callable[..., Any] | None:
        def errback(failure: Any) -> list[Any]:
            self.log.append(("errback", shown(failure.value)))
            if page.errback == "raise":
                failure.raiseException()
            return [{"number": 100}, Request(f"{URL}100")]

        return None if page.errback == "none" else errback

    # The middlewares

    def _made(self, number: int, mw: Any, crawler: Any) -> Any:
        if mw == "depth":
            return DepthMiddleware.from_crawler(crawler)
        if mw == "start":
            return StartSpiderMiddleware(crawler)
        if mw == "length":
            crawler.settings.set("URLLENGTH_LIMIT", len(URL) + 1)
            return UrlLengthMiddleware.from_crawler(crawler)
        members: dict[str, Any] = {}

        def act(action: str, value: Any) -> Any:
            is_request = isinstance(value, Request)
            self.log.append((number, value.url if is_request else value))
            of_value = int(value.url[len(URL) :]) if is_request else (value or {}).get("number", 0)
            if of_value not in mw.on:
                return value
            if action.startswith("raise"):
                raise self.shared if action == "raise shared" else TypeError(number)
            other = Request(f"{URL}{of_value + 1}") if is_request else {"number": of_value + 1}
            swapped = {"number": of_value} if is_request else Request(f"{URL}{of_value}")
            return {"drop": None, "replace": other, "swap": swapped}.get(action, value)

        def on_input(response: Response, spider: object = None) -> object:
            self.log.append((number, "input", spider is not None))
            if mw.input == "raise":
                raise TypeError("input")
            return "text" if mw.input == "wrong" else None

        def on_exception(response: Response, exception: Exception, spider: object = None) -> object:
            self.log.append((number, shown(exception), spider is not None))
            values = [{"number": 10 + number}, Request(f"{URL}{10 + number}")]

            async def recovered() -> AsyncIterator[Any]:
                for value in values:
                    yield value

            if mw.exception == "raise":
                raise TypeError("from process_spider_exception")
            known = {"recover": values, "recover async": recovered, "wrong": 7}
            found = known.get(mw.exception)
            return found() if callable(found) else found

        async def own(self: Any, response: Response, result: Any) -> AsyncIterator[Any]:
            async for value in result:
                yield value
            yield {"number": 20 + number}

        def method(function: Callable[..., object]) -> Callable[..., object]:
            def requires(self: object, spider: object, **named: Any) -> object:
                return function(spider=spider, **named)

            def plain(self: object, **named: Any) -> object:
                return function(**named)

            return requires if mw.spider else plain

        if mw.request:
            members["get_processed_request"] = lambda _, value, __: act(mw.request, value)
        if mw.item:
            members["get_processed_item"] = lambda _, value, __: act(mw.item, value)
        if mw.input:
            members["process_spider_input"] = method(on_input)
        if mw.exception:
            members["process_spider_exception"] = method(on_exception)
        if mw.own:
            return type("Own", (), {**members, "process_spider_output": own})()
        return type("Ours", (BaseSpiderMiddleware,), members)(crawler)


def shown(exc: BaseException) -> str:
    return repr(exc)


@examples(100)
@given(listed=middlewares, pages=st.lists(callbacks, min_size=1, max_size=2))
def test_what_callbacks_yield_ends_as_with_scrapys_scraper(
    listed: list[Any], pages: list[Callback]
) -> None:
    assert run(Page(listed, pages).observed(ours=True)) == run(
        Page(listed, pages).observed(ours=False)
    )


@pytest.mark.parametrize("failure", [IgnoreRequest("not wanted"), ConnectionError("away")])
@pytest.mark.parametrize("errback", ["none", "items", "raise"])
def test_a_failure_ends_as_with_scrapys_scraper(
    failure: Exception, errback: str, caplog: pytest.LogCaptureFixture
) -> None:
    ended = []
    for ours in (True, False):
        caplog.clear()
        page = Page([], [Callback("list", (), errback)], failure=failure)
        ended.append((run(page.observed(ours=ours)), caplog.messages))
    assert ended[0] == ended[1]
