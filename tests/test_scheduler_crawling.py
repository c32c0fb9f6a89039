"""How the scheduler handles retries, redirects and a failing store, in real crawls."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from scrapy import Request

from crawlproj.errors import StoreError
from crawlproj.store.sqlite import SqliteStore
from tests.downloadermiddlewares.crawling import (
    OK,
    SETTINGS,
    Answer,
    Visitor,
    crawl,
    refusing,
    site,
)
from tests.http.helpers import on_reactor

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest
    from redis import Redis as Client

    from crawlproj.store.base import Row, Stored
    from tests.servers import Redis


class Marking:
    """A downloader middleware that adds an object to a request that cannot be serialized."""

    def process_request(self, request: Request) -> None:
        request.meta["session"] = object()


@on_reactor
async def test_a_request_kept_in_memory_is_retried_like_any_other() -> None:
    async with site(refusing(1, 500)) as one:
        kept = Request(f"{one.url}/kept", meta={"session": object()})
        outcomes, _ = await crawl([kept, f"{one.url}/plain"], RETRY_TIMES=2)
    assert outcomes == {f"{one.url}/kept": 200, f"{one.url}/plain": 200}
    assert one.paths == {"/kept": 2, "/plain": 2}


@on_reactor
async def test_a_request_that_a_shared_frontier_cannot_store_is_retried_like_any_other(
    server: Redis, client: Client
) -> None:
    middlewares = {**SETTINGS["DOWNLOADER_MIDDLEWARES"], Marking: 10}
    async with site(lambda *_: (500, "")) as one:
        await crawl(
            [f"{one.url}/page"],
            FRONTIER_URL=server.url(),
            RETRY_TIMES=2,
            DOWNLOADER_MIDDLEWARES=middlewares,
        )
    assert one.paths == {"/page": 3}
    assert min(one.gaps("/page")) > 0.2, "a retry came without its wait"


@on_reactor
async def test_redirect_targets_of_retried_pages_are_fetched_once() -> None:
    class Following(Visitor):
        def parse(self, response: Any) -> Any:
            if response.url.endswith("/start"):
                return [Request(response.urljoin(f"/{n}")) for n in range(5)]
            return None

    def refused_then_elsewhere(path: str, before: int) -> Answer:
        if path in {"/start", "/login"}:
            return OK
        return (302, "/login") if before else (500, "")

    async with site(refused_then_elsewhere) as one:
        await crawl([f"{one.url}/start"], spider=Following, RETRY_TIMES=2)
    assert one.paths == {"/start": 1, "/login": 1} | {f"/{n}": 2 for n in range(5)}


@on_reactor
async def test_a_link_is_followed_although_its_url_was_posted_to_before() -> None:
    class Posting(Visitor):
        def parse(self, response: Any) -> Any:
            super().parse(response)
            if response.request.method == "POST":
                scheduler: Any = self.crawler.engine.scheduler
                return [Request(url) for url in scheduler.unseen([response.url])]
            return None

    async with site() as one:
        await crawl([Request(f"{one.url}/form", method="POST", body=b"a=1")], spider=Posting)
    assert one.paths == {"/form": 2}


@on_reactor
async def test_the_next_run_fetches_the_pages_that_could_not_be_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Storing(Visitor):
        def parse(self, response: Any) -> Any:
            return [{"url": response.url}]

    settings: dict[str, Any] = {
        "STORE_BATCH_SIZE": 10,
        "STORE_URL": f"sqlite:///{tmp_path}/pages.db",
        "FRONTIER_URL": f"sqlite:///{tmp_path}/frontier.db",
        "ITEM_PIPELINES": {"crawlproj.pipelines.store.StorePipeline": 900},
    }
    write, writes = SqliteStore._write, 0

    def failing(store: SqliteStore, rows: Sequence[Row]) -> Stored:
        nonlocal writes
        writes += 1
        if writes > 2:
            raise StoreError("the disk is full")
        return write(store, rows)

    async with site() as one:
        pages = [f"{one.url}/{n}" for n in range(30)]
        monkeypatch.setattr(SqliteStore, "_write", failing)
        _, crawler = await crawl(pages, spider=Storing, **settings)
        assert crawler.stats is not None
        assert crawler.stats.get_value("finish_reason") == "store-failed"
        errors = [record for record in caplog.records if record.levelname == "ERROR"]
        assert ["the disk is full" in error.getMessage() for error in errors] == [True]
        monkeypatch.setattr(SqliteStore, "_write", write)
        await crawl(pages, spider=Storing, **settings)
    with closing(sqlite3.connect(tmp_path / "pages.db")) as db:
        stored = {url for (url,) in db.execute("SELECT url FROM items")}
    assert stored == set(pages)
