"""A page that kills the process is put aside after three deaths, without a fleet too."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from crawlproj.demo import DemoWeb, SiteSpec
from tests.processes import options, scrapy

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_a_page_that_kills_three_runs_is_put_aside_and_the_others_are_stored(
    tmp_path: Path,
) -> None:
    database = tmp_path / "crawl.db"
    settings = {
        "SPIDER_MODULES": "tests.fleet.killer_spider",
        "FRONTIER_URL": f"sqlite:///{database}",
        "STORE_URL": f"sqlite:///{database}",
        "GUARD_ALLOW": "127.0.0.0/8",
        "CONCURRENT_REQUESTS": 4,
    }
    with DemoWeb([SiteSpec("plain", "plain", 30)], tmp_path / "log") as web:
        start = web.url("plain") + "/"
        poison = next(url for url in sorted(web.expected("plain").pages) if url != start)
        words = ("crawl", "killer", "-a", f"url={start}", "-a", f"poison={poison}")
        runs = [scrapy(*words, *options(settings)) for _ in range(4)]
        pages = web.expected("plain").pages - {poison}
    assert [status for status, _ in runs] == [-9, -9, -9, 0], runs[-1][1]
    assert "that was the first time of 3" in runs[1][1]
    with closing(sqlite3.connect(database)) as db:
        assert {url for (url,) in db.execute("SELECT url FROM pages")} == pages
        rows = db.execute("SELECT url, reason FROM failures").fetchall()
    assert rows == [(poison, "killed-worker")]
    assert {path.name for path in tmp_path.glob("crawl.db?*")} <= {"crawl.db-shm", "crawl.db-wal"}


@pytest.mark.slow
def test_runs_that_are_killed_at_the_same_point_blame_no_page(tmp_path: Path) -> None:
    database = tmp_path / "crawl.db"
    settings = {
        "SPIDER_MODULES": "tests.fleet.killer_spider",
        "FRONTIER_URL": f"sqlite:///{database}",
        "STORE_URL": f"sqlite:///{database}",
        "GUARD_ALLOW": "127.0.0.0/8",
        "CONCURRENT_REQUESTS": 1,
    }
    with DemoWeb([SiteSpec("plain", "plain", 30)], tmp_path / "log") as web:
        words = ("crawl", "unlucky", "-a", f"url={web.url('plain')}/", *options(settings))
        # From the second run on, the first page is the one that was in hand at the kill before.
        killed = [scrapy(*words, "-a", f"at={page}")[0] for page in (3, 1, 1, 1, 1)]
        status, shown = scrapy(*words)
        pages = web.expected("plain").pages
    assert killed == 5 * [-9]
    assert status == 0, shown
    with closing(sqlite3.connect(database)) as db:
        assert {url for (url,) in db.execute("SELECT url FROM pages")} == pages
        assert db.execute("SELECT url, reason FROM failures").fetchall() == []
