"""Crawls whose requests carry items and other objects, killed and continued."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from crawlproj.demo import DemoWeb, SiteSpec
from tests.processes import Scrapy, options
from tests.waiting import until_at_least

if TYPE_CHECKING:
    from pathlib import Path

    from crawlproj.frontier.redis.connection import RedisConfig

PAGES = 150


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["sqlite", "redis"])
def test_a_killed_crawl_continues_with_the_objects_that_its_requests_carried(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    frontier = f"sqlite:///{tmp_path}/crawl.db"
    if backend == "redis":
        redis: RedisConfig = request.getfixturevalue("redis")
        frontier = redis.url
    site = SiteSpec("site", "small", pages=PAGES, latency_s=0.01)
    with DemoWeb([site], tmp_path / "access.log") as web:
        words = (
            *("crawl", "carrying", "-a", f"url={web.url('site')}"),
            *options(
                {
                    "SPIDER_MODULES": "tests.carrying_spider",
                    "FRONTIER_URL": frontier,
                    "FRONTIER_LEASE_TIME": 2,
                    "STORE_URL": f"sqlite:///{tmp_path}/store.db",
                    "GUARD_ALLOW": "127.0.0.0/8",
                    "ITEM_PIPELINES": '{"crawlproj.pipelines.store.StorePipeline": 900}',
                    "LOG_LEVEL": "WARNING",
                }
            ),
        )
        for share in (0.2, 0.5):
            killed = Scrapy(*words)
            until_at_least(share * PAGES, lambda: len(web.log()), killed)
            killed.kill()
        last = Scrapy(*words)
        assert last.wait() == 0, last.output()
    assert "finished (generation 1)" in last.output()
    assert not [word for word in ("Kept in memory", "Dropped", "lost") if word in last.output()]
    with closing(sqlite3.connect(tmp_path / "store.db")) as db:
        rows = db.execute("SELECT DISTINCT url, carried, whole FROM items").fetchall()
    assert len(rows) > PAGES * 0.9
    assert [row for row in rows if row[0] != row[1] or not row[2]] == []


@pytest.mark.slow
def test_a_killed_crawl_asks_again_for_pages_whose_requests_were_only_in_its_memory(
    tmp_path: Path,
) -> None:
    site = SiteSpec("site", "small", pages=40, latency_s=0.02)
    with DemoWeb([site], tmp_path / "access.log") as web:

        def start(name: str) -> Scrapy:
            return Scrapy(
                *("crawl", "page_carrying", "-a", f"url={web.url('site')}"),
                *options(
                    {
                        "SPIDER_MODULES": "tests.page_carrying_spider",
                        "FRONTIER_URL": f"sqlite:///{tmp_path}/{name}.crawl.db",
                        "STORE_URL": f"sqlite:///{tmp_path}/{name}.db",
                        "GUARD_ALLOW": "127.0.0.0/8",
                        "ITEM_PIPELINES": '{"crawlproj.pipelines.store.StorePipeline": 900}',
                        "LOG_LEVEL": "INFO",
                    }
                ),
            )

        def stored(name: str) -> set[str]:
            with closing(sqlite3.connect(tmp_path / f"{name}.db")) as db:
                return {url for (url,) in db.execute("SELECT url FROM items")}

        whole = start("whole")
        assert whole.wait() == 0, whole.output()
        for share in (3, 20, 20):
            killed, before = start("killed"), len(web.log())
            until_at_least(before + share, lambda: len(web.log()), killed)
            killed.kill()
        last = start("killed")
        assert last.wait() == 0, last.output()
    assert "Asking again for" in last.output()
    assert "lost with the process" not in last.output()
    assert stored("killed") == stored("whole")
    assert len(stored("whole")) > 40
