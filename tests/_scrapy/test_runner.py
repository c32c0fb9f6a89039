"""Whole crawls by the RequestRunner, without a network: downloads are what a test makes of them."""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request, Spider, signals
from scrapy.core.downloader import Downloader
from scrapy.core.engine import ExecutionEngine
from scrapy.core.scheduler import BaseScheduler
from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.exceptions import CloseSpider
from scrapy.http import Response
from twisted.python.failure import Failure

from crawlproj._scrapy import runner
from crawlproj._scrapy.engine import EngineHooks
from crawlproj._scrapy.runner import fits
from tests.http.helpers import on_reactor
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    Download = Callable[[Request], Awaitable[Response]]


class Handler:
    """Downloads as the crawl's test says."""

    lazy = False

    def __init__(self, crawler: Crawler) -> None:
        self._crawl: Crawl = crawler.settings["TEST"]

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Handler:
        return cls(crawler)

    async def download_request(self, request: Request) -> Response:
        return await self._crawl.download(request)

    async def close(self) -> None:
        pass


class Pipeline:
    def __init__(self, crawl: Crawl) -> None:
        self._crawl = crawl

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Pipeline:
        return cls(crawler.settings["TEST"])

    async def process_item(self, item: Any) -> Any:
        await self._crawl.process(item)
        return item


class Scheduler(BaseScheduler):
    """Keeps requests in memory, and what becomes of them in the Crawl."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._crawl: Crawl = crawler.settings["TEST"]
        self._requests: deque[Request] = deque()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Scheduler:
        return cls(crawler)

    def open(self, spider: Spider) -> None:
        assert self._crawler.engine is not None
        self._crawl.engine = self._crawler.engine
        self._crawl.on_open(self._crawler.engine)
        EngineHooks(self._crawler.engine).install(self._crawl)

    def has_pending_requests(self) -> bool:
        return bool(self._requests)

    def enqueue_request(self, request: Request) -> bool:
        if request.url in self._crawl.refused:
            raise ValueError(request.url)
        if request.url.startswith("test://unwanted/"):
            return False
        self._requests.append(request)
        return True

    def next_request(self) -> Request | None:
        return self._requests.popleft() if self._requests else None


class Links(Spider):
    name = "links"

    def __init__(self, crawl: Crawl) -> None:
        super().__init__()
        self._crawl = crawl

    async def start(self) -> AsyncIterator[Request]:
        for url in self._crawl.urls:
            yield Request(url, errback=self.failed)

    def parse(self, response: Response) -> Any:
        return self._crawl.parse(response)

    def failed(self, failure: Failure) -> None:
        assert failure.value is not None
        self._crawl.failures.append(failure.value)


class Crawl:
    """A crawl of ``urls``, and what it is made of; a test replaces what it needs."""

    engine: ExecutionEngine

    def __init__(self, *urls: str) -> None:
        self.urls = urls
        self.refused: set[str] = set()
        self.results: dict[str, Response | Failure] = {}
        self.finished: list[str] = []
        self.failures: list[BaseException] = []
        self.errors: list[BaseException] = []
        self.parse: Callable[[Response], Any] = lambda _: None
        self.on_open: Callable[[ExecutionEngine], object] = lambda _: None

    def __deepcopy__(self, _: object) -> Crawl:
        return self  # the settings that it is in are copied

    async def download(self, request: Request) -> Response:
        return Response(request.url)

    async def process(self, item: Any) -> None:
        """Be the last pipeline."""

    def on_result(self, request: Request, result: Response | Failure) -> None:
        self.results[request.url] = result

    def on_finished(self, request: Request) -> None:
        self.finished.append(request.url)

    def on_closing(self) -> None:
        pass

    async def run(self, crawler_class: type[Crawler] = Crawler, **settings: Any) -> None:
        known = {
            "TEST": self,
            "SCHEDULER": Scheduler,
            "ITEM_PIPELINES": {Pipeline: 1},
            "DOWNLOAD_HANDLERS": {"test": Handler},
            "EXTENSIONS_BASE": {},
            "RETRY_ENABLED": False,
            "DOWNLOAD_DELAY": 0,
            "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
            "TELNETCONSOLE_ENABLED": False,
        }
        runner_of = AsyncCrawlerRunner({**known, **settings})
        crawler = crawler_class(Links, runner_of.settings)
        crawler.signals.connect(self._failed, signals.spider_error)
        async with asyncio.timeout(PATIENCE_S):
            await crawler.crawl_async(self)

    def _failed(self, failure: Failure) -> None:
        assert failure.value is not None
        self.errors.append(failure.value)


@on_reactor
async def test_a_slow_pipeline_does_not_hold_up_the_requests_that_follow_its_item() -> None:
    crawl = Crawl("test://a/1")
    arrived = asyncio.Event()

    async def process(item: Any) -> None:
        await arrived.wait()

    def parse(response: Response) -> Iterator[Any]:
        if response.url == "test://a/1":
            yield {"item": 1}
            yield Request("test://a/2")
        else:
            arrived.set()

    crawl.process, crawl.parse = process, parse  # type: ignore[method-assign]
    await crawl.run(CONCURRENT_ITEMS=1)
    assert crawl.finished == ["test://a/2", "test://a/1"]


@on_reactor
async def test_a_callback_is_asked_for_an_item_only_when_a_pipeline_has_room() -> None:
    crawl = Crawl("test://a/1")
    yielded, ended, most = 0, 0, [0, 0]

    async def process(item: Any) -> None:
        nonlocal ended
        await asyncio.sleep(0)
        slot = crawl.engine.scraper.slot
        assert slot is not None
        most[:] = max(most[0], slot.itemproc_size), max(most[1], yielded - ended)
        ended += 1

    def parse(_: Response) -> Iterator[Any]:
        nonlocal yielded
        for number in range(10_000):
            if ended > 200:
                return
            yielded += 1
            yield {"item": number}

    crawl.process, crawl.parse = process, parse  # type: ignore[method-assign]
    await crawl.run(CONCURRENT_ITEMS=3)
    assert most[0] == 3
    assert most[1] <= 4  # and one that waits
    assert yielded == ended


@on_reactor
async def test_a_page_of_many_links_lets_other_tasks_run() -> None:
    crawl = Crawl("test://a/1")
    turns, seen = 0, [0, 0]
    loop = asyncio.get_running_loop()

    def turn() -> None:
        nonlocal turns
        turns += 1
        ticking[0] = loop.call_soon(turn)

    ticking = [loop.call_soon(turn)]

    def parse(_: Response) -> Iterator[Any]:
        seen[0] = turns
        for number in range(5_000):
            yield Request(f"test://unwanted/{number}")
        seen[1] = turns

    crawl.parse = parse
    await crawl.run()
    ticking[0].cancel()
    assert seen[1] - seen[0] >= 100


@on_reactor
async def test_a_request_that_the_scheduler_cannot_take_does_not_cost_the_others() -> None:
    crawl = Crawl("test://a/1")
    crawl.refused = {"test://a/2"}
    links = [Request("test://a/2"), Request("test://a/3"), {"item": 1}]
    crawl.parse = lambda response: links if response.url == "test://a/1" else None
    await crawl.run()
    assert crawl.finished == ["test://a/1", "test://a/3"]
    assert crawl.errors == []


@pytest.mark.parametrize("delay_s", [0, 0.001])  # with a delay, requests wait in a slot's queue
@on_reactor
async def test_a_cancelled_download_ends_in_the_errback(delay_s: float) -> None:
    crawl = Crawl("test://a/1", "test://a/2")

    async def download(request: Request) -> Response:
        raise asyncio.CancelledError(request.url)

    crawl.download = download  # type: ignore[method-assign]
    await crawl.run(DOWNLOAD_DELAY=delay_s)
    assert [type(error) for error in crawl.failures] == [asyncio.CancelledError] * 2
    assert sorted(crawl.finished) == sorted(crawl.urls)


@on_reactor
async def test_a_callback_in_which_something_was_cancelled_is_an_error_of_the_spider() -> None:
    crawl = Crawl("test://a/1")

    async def parse(_: Response) -> None:
        raise asyncio.CancelledError

    crawl.parse = parse
    await crawl.run()
    assert [type(error) for error in crawl.errors] == [asyncio.CancelledError]
    assert crawl.finished == ["test://a/1"]


@on_reactor
async def test_an_error_closes_the_spider_while_items_are_in_the_pipelines() -> None:
    crawl = Crawl("test://a/1")
    closing = asyncio.Event()

    async def process(item: Any) -> None:
        await closing.wait()

    def parse(_: Response) -> Iterator[Any]:
        yield {"item": 1}
        raise CloseSpider("enough")

    crawl.process, crawl.parse = process, parse  # type: ignore[method-assign]
    crawl.on_closing = closing.set  # type: ignore[method-assign]
    await crawl.run()
    assert crawl.finished == ["test://a/1"]


@on_reactor
async def test_a_spider_that_closes_waits_for_its_requests_and_leaves_no_task() -> None:
    before = asyncio.all_tasks()
    crawl = Crawl(*(f"test://a/{number}" for number in range(6)))
    closing = asyncio.Event()

    async def download(request: Request) -> Response:
        if request.url != "test://a/3":
            await closing.wait()
        return Response(request.url)

    def parse(response: Response) -> Any:
        if response.url == "test://a/3":
            raise CloseSpider("enough")

    crawl.download, crawl.parse = download, parse  # type: ignore[method-assign]
    crawl.on_closing = closing.set  # type: ignore[method-assign]
    await crawl.run()
    await asyncio.sleep(0)
    assert set(crawl.finished) == set(crawl.results)
    assert len(crawl.finished) >= 4
    assert asyncio.all_tasks() <= before


class OwnDownloader(Downloader):
    pass


class OwnEngine(ExecutionEngine):
    pass


class OwnCrawler(Crawler):
    def _create_engine(self) -> ExecutionEngine:
        return OwnEngine(self, lambda _: self.stop_async())


def replace_fetch(engine: ExecutionEngine) -> None:
    engine.downloader.fetch = partial(engine.downloader.fetch)  # type: ignore[method-assign]


@pytest.mark.parametrize("case", ["Scrapy's", "downloader", "engine", "version", "replaced"])
@on_reactor
async def test_the_watcher_has_every_result_if_scrapys_own_parts_run_the_requests(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    crawl = Crawl("test://a/1", "test://a/2")

    async def download(request: Request) -> Response:
        if request.url == "test://a/2":
            raise OSError("refused")
        return Response(request.url)

    crawl.download = download  # type: ignore[method-assign]
    settings: dict[str, Any] = {"DOWNLOADER": OwnDownloader} if case == "downloader" else {}
    fitted = []
    if case == "version":
        monkeypatch.setattr(runner, "WRITTEN_FOR", (2, 18))

    def on_open(engine: ExecutionEngine) -> None:
        if case == "replaced":
            replace_fetch(engine)
        fitted.append(fits(engine))

    crawl.on_open = on_open
    await crawl.run(OwnCrawler if case == "engine" else Crawler, **settings)
    assert fitted == [case == "Scrapy's"]
    page, failure = crawl.results["test://a/1"], crawl.results["test://a/2"]
    assert isinstance(page, Response)
    assert isinstance(failure, Failure)
    assert isinstance(failure.value, OSError)
    assert sorted(crawl.finished) == sorted(crawl.urls)
