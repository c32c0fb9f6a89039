"""Crawls with PARQUET_URL: whatever ends them, each page is in the files once."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from crawlproj.demo import DemoWeb, SiteSpec
from crawlproj.fleet.files import status_file
from crawlproj.fleet.worker_status import WorkerStatus
from tests import dying
from tests.items_spider import QUOTES
from tests.parquet.helpers import read, urls
from tests.processes import Scrapy, options, scrapy
from tests.refresh.changing_web import Answer, ChangingWeb, Crawl, html
from tests.servers import Redis, need
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def words(url: str, folder: Path, **settings: object) -> list[str]:
    place = f"sqlite:///{folder}/crawl.db"
    given = {
        "FRONTIER_URL": place,
        "STORE_URL": place,
        "PARQUET_URL": f"{folder}/pages",
        "PARQUET_INTERVAL": 0.1,
        "LOG_LEVEL": "ERROR",
        "GUARD_ALLOW": "127.0.0.0/8",
        **settings,
    }
    return ["crawl", "site", "-a", f"url={url}", *options(given)]


def stored(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "crawl.db")) as db:
        return sorted(url for (url,) in db.execute("SELECT url FROM pages"))


def test_duckdb_sees_each_page_once_while_the_files_grow_and_after_kills(tmp_path: Path) -> None:
    seen: list[str] = []
    growths = 0
    with DemoWeb([SiteSpec("plain", "plain", 250)], tmp_path / "log") as web:
        command = words(web.url("plain"), tmp_path)
        for kill in range(3):
            dies = [*dying.ARGUMENTS, f"DIES_AFTER={70 + 23 * kill}"] if kill < 2 else []
            crawl = Scrapy(*command, *dies)
            while crawl.poll() is None:
                found = urls(tmp_path / "pages")
                assert len(set(found)) == len(found)
                assert set(seen) <= set(found), "what was there stays"
                growths += len(found) > len(seen)
                seen = found
                time.sleep(0.05)
            assert crawl.poll() == (-signal.SIGKILL if dies else 0), crawl.output()
        expected = sorted(web.expected("plain").pages)
    assert urls(tmp_path / "pages") == expected
    assert stored(tmp_path) == expected
    assert growths > 2
    assert not list((tmp_path / "pages/.journal").glob("*.rows"))


def test_the_summary_says_what_was_written(tmp_path: Path) -> None:
    with DemoWeb([SiteSpec("plain", "plain", 20)], tmp_path / "log") as web:
        code, shown = scrapy(*words(web.url("plain"), tmp_path))
    assert code == 0, shown
    assert f"parquet{tmp_path}/pages:20rowsin" in "".join(shown.split())  # it is wrapped
    row = next(row for row in read(tmp_path / "pages") if row["duplicate_of"] is None)
    assert row["text"]
    assert row["status"] == 200


def test_each_version_of_a_page_that_changes_is_a_row(tmp_path: Path) -> None:
    settings: dict[str, object] = {"PARQUET_URL": f"{tmp_path}/pages"}
    with ChangingWeb({"/": Answer(html("one"))}) as web:
        crawl = Crawl(web, tmp_path, settings)
        crawl.run()
        for text in ("two", "one", "two"):
            web.pages["/"] = Answer(html(text))
            crawl.run("refresh=always")
    rows = sorted(read(tmp_path / "pages"), key=lambda row: row["fetched_at"])
    assert [row["text"].partition(".")[0] for row in rows] == [
        f"menu\n\n{text}" for text in ("one", "two", "one", "two")
    ]


def test_a_fleet_that_loses_a_worker_has_each_page_in_the_files_once(tmp_path: Path) -> None:
    need(Redis.missing())
    sites = [SiteSpec(f"plain{n}", "plain", 60) for n in range(4)]
    with DemoWeb(sites, tmp_path / "log") as web:
        more = {"FLEET_DIR": tmp_path / "fleet", "DOWNLOAD_DELAY": 0.03}
        command = words(",".join(web.urls.values()), tmp_path, **more)
        at = command.index(f"FRONTIER_URL=sqlite:///{tmp_path}/crawl.db")
        del command[at - 1 : at + 1]
        fleet = Scrapy("fleet", *command[1:], "-n", "2")
        os.kill(busy_worker(tmp_path / "fleet", fleet), signal.SIGKILL)
        assert fleet.wait() == 0, fleet.output()
        expected = sorted(url for site in sites for url in web.expected(site.name).pages)
    assert "was killed by SIGKILL" in fleet.output()
    assert urls(tmp_path / "pages") == expected


def busy_worker(folder: Path, fleet: Scrapy) -> int:
    """Return the process id of a worker that has done some pages."""

    def busy() -> int | None:
        status = WorkerStatus.read(status_file(folder, "1"))
        return status.pid if status is not None and status.done > 5 else None

    return until(busy, fleet)


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        ({"PARQUET_URL": "gs://bucket"}, 2, "PARQUET_URL must be a folder"),
        (
            {
                "PARQUET_URL": "s3://bucket/pages",
                "PARQUET_JOURNAL": "{folder}/journal",
                "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
                "AWS_ACCESS_KEY_ID": "key",
                "AWS_SECRET_ACCESS_KEY": "secret",
            },
            1,
            "PARQUET_URL: s3://bucket/pages cannot be written",
        ),
    ],
)
def test_what_cannot_be_written_is_an_error_before_anything_is_fetched(
    tmp_path: Path, settings: dict[str, str], code: int, message: str
) -> None:
    given = {name: value.format(folder=tmp_path) for name, value in settings.items()}
    with DemoWeb([SiteSpec("plain", "plain", 20)], tmp_path / "log") as web:
        found, shown = scrapy(*words(web.url("plain"), tmp_path, **given))
        assert not web.log()
    assert found == code, shown
    assert message in shown
    assert "Traceback" not in shown


def test_items_of_a_spider_of_ones_own_are_there_once_after_a_kill(tmp_path: Path) -> None:
    with DemoWeb([SiteSpec("plain", "plain", 150)], tmp_path / "log") as web:
        settings = {"SPIDER_MODULES": "tests.items_spider", "STORE_URL": ""}
        command = words("", tmp_path, **settings)[4:]
        crawl = ("crawl", "items", "-a", f"base={web.url('plain')}", *command)
        Scrapy(*crawl, *dying.ARGUMENTS, "DIES_AFTER=90").wait()
        code, shown = scrapy(*crawl)
    assert code == 0, shown
    pages = Counter(row["url"] for row in read(tmp_path / "pages", "items"))
    assert pages.pop(None) == 1, "the item from start()"
    assert len(pages) > 75
    assert set(pages.values()) == {QUOTES}
    shelves = read(tmp_path / "pages", "shelf")
    assert Counter(row["_page"] for row in shelves) == dict.fromkeys(pages, 1)
    assert {row["labels"] for row in shelves} == {'["a","b"]'}
