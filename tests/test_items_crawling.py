"""Whole crawls whose items are not pages: all of them are stored once, whatever happens."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from crawlproj.demo import DemoWeb, SiteSpec
from tests.items_spider import QUOTES, SHELVES
from tests.processes import Scrapy, options
from tests.waiting import until_at_least

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers import Postgres

PAGES = 150


@pytest.fixture
def web(tmp_path: Path) -> Iterator[DemoWeb]:
    with DemoWeb([SiteSpec("plain", "plain", PAGES)], tmp_path / "access.log") as running:
        yield running


def crawl(web: DemoWeb, folder: Path, *arguments: str, **settings: Any) -> Scrapy:
    database = f"sqlite:///{folder}/crawl.db"
    return Scrapy(
        *("crawl", "items", "-a", f"base={web.url('plain')}", *arguments),
        *options(
            {
                "SPIDER_MODULES": "tests.items_spider",
                "FRONTIER_URL": database,
                "STORE_URL": database,
                "GUARD_ALLOW": "127.0.0.0/8",
                "LOG_LEVEL": "CRITICAL",
                **settings,
            }
        ),
    )


def look(store: str, query: str) -> list[tuple[Any, ...]]:
    if store.startswith("postgresql:"):
        with psycopg.connect(store) as db:
            return db.execute(query.encode()).fetchall()
    with closing(sqlite3.connect(store.removeprefix("sqlite:///"))) as file:
        return file.execute(query).fetchall()


def check_items(store: str, loose: int, generations: int = 1) -> None:
    """Check that each item was stored once in each generation, and each shelf once.

    loose: how many items without a URL a generation has.
    """
    pages = Counter(dict(look(store, "SELECT url, count(*) FROM items GROUP BY url")))
    assert pages.pop(None) == generations * loose
    assert len(pages) > PAGES // 2
    assert set(pages.values()) == {generations * QUOTES}
    assert look(store, "SELECT count(*), count(DISTINCT number) FROM shelf") == [(SHELVES,) * 2]


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/crawl.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.create("items")


@pytest.mark.slow
def test_a_crawl_killed_four_times_stores_every_item_once(
    web: DemoWeb, tmp_path: Path, store: str
) -> None:
    for _ in range(4):
        process = crawl(web, tmp_path, STORE_URL=store, STORE_BATCH_DELAY=0.005)
        wanted = len(web.log()) + 25
        until_at_least(wanted, lambda: len(web.log()), process)
        process.kill()
    process = crawl(web, tmp_path, STORE_URL=store)
    assert process.wait() == 0, process.output()
    assert "finished (generation 1)" in process.output()
    check_items(store, loose=1)


@pytest.mark.slow
def test_the_next_generation_adds_its_items_and_the_summary_counts_them(
    web: DemoWeb, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path}/crawl.db"
    for generation in (1, 2):
        process = crawl(web, tmp_path, "-a", "again=1")
        assert process.wait() == 0, process.output()
        check_items(database, 3, generation)
    ((items,),) = look(database, "SELECT count(*) / 2 FROM items")
    assert f"dict {items} {items} 0" in " ".join(process.output().split())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bad", "reason", "detail"),
    [
        ("drop", "not wanted", "not wanted: it says so itself"),
        ("fail", "pipeline-error", "ValueError: this item breaks the pipeline"),
    ],
)
def test_what_the_pipelines_drop_is_counted_and_kept(
    web: DemoWeb, tmp_path: Path, bad: str, reason: str, detail: str
) -> None:
    pipelines = '{"tests.items_spider.Picky": 1, "crawlproj.pipelines.store.StorePipeline": 900}'
    process = crawl(web, tmp_path, "-a", f"bad={bad}", ITEM_PIPELINES=pipelines, MAX_PAGES=20)
    assert process.wait() == 0, process.output()
    database = f"sqlite:///{tmp_path}/crawl.db"
    rows = look(database, "SELECT DISTINCT type, reason, detail, item FROM dropped_items")
    assert rows == [("dict", reason, detail, f'{{"{bad}":true}}')]
    ((dropped, pages),) = look(
        database, "SELECT count(*), count(DISTINCT _page) FROM dropped_items"
    )
    assert dropped == pages > 0
    assert f" {dropped} {reason} {dropped} " in " ".join(process.output().split())
