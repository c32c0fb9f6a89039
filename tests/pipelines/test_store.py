"""Items of every kind are stored, and passed on only once they are durable."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from pydantic import BaseModel
from scrapy import Field, Item, Spider
from scrapy.exceptions import CloseSpider, DropItem
from scrapy.utils.test import get_crawler

from crawlproj.errors import ConfigError, NotStored, StoreError
from crawlproj.items import FetchFailure, Page
from crawlproj.pipelines.store import RowRejected, StorePipeline
from crawlproj.scheduler import Scheduler
from crawlproj.scheduling.books import Books
from crawlproj.store.base import Row, Store, StoreBusy, Stored
from tests.frontier.helpers import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy.crawler import Crawler


class FakeStore(Store):
    """Keeps batches in memory; busy for ``busy`` writes; fails if ``broken``.

    away: how often it cannot be opened.
    """

    def __init__(self) -> None:
        self.batches: list[list[Row]] = []
        self.busy = self.away = 0
        self.broken = False
        self.opened = self.closed = False

    async def open(self) -> None:
        if self.away:
            self.away -= 1
            raise StoreBusy("too many clients")
        self.opened = True

    async def write(self, rows: Sequence[Row]) -> Stored:
        await asyncio.sleep(0)
        if self.broken:
            raise StoreError("the disk is full")
        if self.busy:
            self.busy -= 1
            raise StoreBusy("locked")
        self.batches.append(list(rows))
        rejected = {
            i: "bad" for i, row in enumerate(rows) if row.values.get("url") == "http://bad/"
        }
        twins = {
            i: "http://a/" for i, row in enumerate(rows) if row.values.get("url") == "http://b/"
        }
        return Stored(rejected, twins)

    async def count(self) -> dict[str, int]:
        return {}

    async def close(self) -> None:
        self.closed = True


class FakeScraper:
    async def start_itemproc_async(self, item: Any, *, response: Any) -> None: ...


class FakeEngine:
    def __init__(self, scheduler: object = None) -> None:
        self.closed_for = ""
        self.scheduler = scheduler
        self.scraper = FakeScraper()

    async def close_spider_async(self, *, reason: str) -> None:
        self.closed_for = reason


def crawler(**settings: Any) -> Crawler:
    made = get_crawler(Spider, {"STORE_BATCH_DELAY": 0, **settings})
    made.engine = FakeEngine()  # type: ignore[assignment]
    return made


@dataclass
class Data:
    url: str
    price: int = 3


@attrs.define
class Attrs:
    url: str
    price: int = 3


class Pydantic(BaseModel):
    url: str
    price: int = 3


class Scrapy(Item):
    url = Field()
    price = Field()


@pytest.mark.parametrize(
    "item",
    [
        {"url": "http://c/", "price": 3},
        Data("http://c/"),
        Attrs("http://c/"),
        Pydantic(url="http://c/"),
        Scrapy(url="http://c/", price=3),
    ],
    ids=lambda item: type(item).__name__,
)
def test_every_kind_of_item_is_stored_in_a_table_of_its_own(item: Any) -> None:
    store = FakeStore()
    assert run(StorePipeline(crawler(), store).process_item(item)) is item
    ((row,),) = store.batches
    table = {"dict": "items"}.get(type(item).__name__, type(item).__name__.lower())
    assert (row.table, row.values) == (table, {"url": "http://c/", "price": 3})


def test_a_page_and_a_failure_have_their_own_tables_and_no_item_needs_a_url() -> None:
    store, made = FakeStore(), crawler()
    pipeline = StorePipeline(made, store)
    for item in (FetchFailure("http://c/", "timeout"), Page("http://c/", "", 200), {"price": 3}):
        run(pipeline.process_item(item))
    assert [row.table for (row,) in store.batches] == ["failures", "pages", "items"]
    assert made.stats.get_value("store/items/dict") == 1


def test_items_with_the_same_key_are_the_same_row_and_others_never_are() -> None:
    store = FakeStore()
    pipeline = StorePipeline(crawler(STORE_KEY={"dict": ["isbn", "shop"]}), store)
    for isbn, price in (("1", 3), ("1", 4), ("2", 4)):
        run(pipeline.process_item({"isbn": isbn, "shop": 1, "price": price}))
    first, again, other = (row.key for (row,) in store.batches)
    assert first == again != other
    store.batches.clear()
    for _ in range(2):
        run(pipeline.process_item(Data("http://a/")))
    assert store.batches[0][0].key != store.batches[1][0].key


def test_an_item_without_its_key_is_rejected_and_the_field_named() -> None:
    pipeline = StorePipeline(crawler(STORE_KEY={"dict": ["isbn"]}), FakeStore())
    with pytest.raises(RowRejected, match="isbn, of STORE_KEY, is missing"):
        run(pipeline.process_item({"price": 3}))
    with pytest.raises(ConfigError, match="STORE_KEY"):
        StorePipeline(crawler(STORE_KEY={"dict": "isbn"}), FakeStore())


def test_the_failure_of_a_cancelled_download_is_dropped() -> None:
    store = FakeStore()
    with pytest.raises(DropItem, match="left for the next run"):
        run(StorePipeline(crawler(), store).process_item(FetchFailure("http://c/", "cancelled")))
    assert store.batches == []


def test_waiting_items_share_a_batch_and_get_their_duplicate_of() -> None:
    store = FakeStore()

    async def crawl() -> tuple[Any, ...]:
        pipeline = StorePipeline(crawler(STORE_BATCH_SIZE=2), store)
        pages = [Page(url, url, 200) for url in ("http://a/", "http://b/", "http://bad/")]
        jobs = [pipeline.process_item(page) for page in pages]
        results = await asyncio.gather(*jobs, return_exceptions=True)
        await pipeline.close_spider()
        return (*pages[:2], results[2])

    first, second, third = run(crawl())
    assert [len(batch) for batch in store.batches] == [2, 1]
    assert (first.duplicate_of, second.duplicate_of) == (None, "http://a/")
    assert isinstance(third, RowRejected)
    assert store.closed


class FakeScheduler(Scheduler):
    def __init__(self) -> None:
        self.books = Books(lambda *_: None, spider=None)


def test_a_failure_that_is_an_item_is_written_once_and_others_as_they_end() -> None:
    store, made, scheduler = FakeStore(), crawler(), FakeScheduler()
    made.engine = FakeEngine(scheduler)  # type: ignore[assignment]

    async def crawl() -> None:
        pipeline = StorePipeline(made, store)
        await pipeline.open_spider()
        write = scheduler.books.write
        assert write is not None
        for url in ("http://a/", "http://c/"):
            await pipeline.process_item(FetchFailure(url, "http-404"))
        await pipeline.process_item(Page("http://c/", "http://c/", 200))
        await write(FetchFailure("http://a/", "http-404", failed_at=2.0))  # written already
        for url, reason in (
            ("http://a/", "http-404"),  # in a later life
            ("http://c/", "http-404"),  # its page was there in between
            ("http://d/", "timeout"),
        ):
            await write(FetchFailure(url, reason, failed_at=3.0))
        await pipeline.process_item(FetchFailure("http://e/", "http-404"))
        await write(FetchFailure("http://e/", "timeout", failed_at=3.0))  # it says more

    run(crawl())
    rows = [row.values for batch in store.batches for row in batch if row.table == "failures"]
    written = [(row["url"][7], row["failed_at"]) for row in rows if row["failed_at"]]
    assert written == [("a", 3.0), ("c", 3.0), ("d", 3.0), ("e", 3.0)]


def test_a_busy_store_is_retried_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("crawlproj.pipelines.store._FIRST_PAUSE_S", 0.001)
    store = FakeStore()
    store.busy = 3
    run(StorePipeline(crawler(), store).process_item({"url": "http://a/"}))
    assert len(store.batches) == 1


def test_a_server_that_starts_a_moment_later_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawlproj.pipelines.store._FIRST_PAUSE_S", 0.001)
    store, made = FakeStore(), crawler()
    made.engine = FakeEngine(FakeScheduler())  # type: ignore[assignment]
    store.away = 3
    run(StorePipeline(made, store).open_spider())
    assert store.opened


def test_a_server_that_never_answers_ends_the_crawl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawlproj.pipelines.store._FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr("crawlproj.pipelines.store._FIRST_ANSWER_S", 0.005)
    store = FakeStore()
    store.away = 10**6
    with pytest.raises(CloseSpider) as ended:
        run(StorePipeline(crawler(), store).open_spider())
    assert ended.value.reason == "store-unusable"


def test_a_store_that_fails_closes_the_crawl_and_fails_every_waiting_item() -> None:
    store, made = FakeStore(), crawler()
    store.broken = True

    async def crawl() -> list[Any]:
        pipeline = StorePipeline(made, store)
        items = [pipeline.process_item({"url": f"http://{n}/"}) for n in range(3)]
        results = await asyncio.gather(*items, return_exceptions=True)
        results += await asyncio.gather(
            pipeline.process_item({"url": "http://late/"}), return_exceptions=True
        )
        await asyncio.sleep(0)
        return results

    results = run(crawl())
    assert len(results) == 4
    assert all(isinstance(result, NotStored) for result in results), "their pages go back"
    assert made.engine.closed_for == "store-failed"  # type: ignore[attr-defined]


def test_an_unexpected_error_in_the_store_closes_the_crawl(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, made = FakeStore(), crawler()

    async def crawl() -> None:
        pipeline = StorePipeline(made, store)
        monkeypatch.setattr(store, "write", lambda _: 1 / 0)
        with pytest.raises(NotStored):
            await pipeline.process_item({"url": "http://a/"})
        await asyncio.sleep(0)

    run(crawl())
    assert made.engine.closed_for == "store-failed"  # type: ignore[attr-defined]


def test_a_store_that_stays_busy_does_not_delay_closing() -> None:
    store = FakeStore()
    store.busy = 1_000_000

    async def crawl() -> None:
        pipeline = StorePipeline(crawler(), store)
        waiting = asyncio.ensure_future(pipeline.process_item({"url": "http://a/"}))
        await asyncio.sleep(0)
        await pipeline.close_spider()
        with pytest.raises(NotStored):
            await waiting

    run(crawl())
    assert store.closed
