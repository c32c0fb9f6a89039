"""A crawl on a damaged file ends with an error that says what to do, and no traceback."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from crawlproj.demo import DemoWeb, SiteSpec
from tests.processes import Scrapy, options, scrapy
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

PAGE = 4096  # bytes, of SQLite


def test_a_crawl_on_a_damaged_file_ends_with_status_1_and_names_it(tmp_path: Path) -> None:
    file = tmp_path / "crawl.db"
    with DemoWeb([SiteSpec("plain", "plain", pages=200)], tmp_path / "log") as web:
        words = ["crawl", "site", "-a", f"url={web.url('plain')}/"]
        place = f"sqlite:///{file}"
        words += options({"FRONTIER_URL": place, "STORE_URL": place, "GUARD_ALLOW": "127.0.0.0/8"})
        status, output = scrapy(*words, "-a", "max_pages=100")
        assert status == 0, output
        data = bytearray(file.read_bytes())
        for start in range(PAGE, len(data), 3 * PAGE):
            data[start : start + PAGE] = os.urandom(PAGE)
        file.write_bytes(data)
        status, output = scrapy(*words)
    assert status == 1, output
    assert f"{file}: database disk image is malformed; the file is damaged: recover it" in output
    assert "Traceback" not in output


@pytest.mark.parametrize("lost", ["crawl.db", "pages.db"])
def test_a_crawl_whose_file_is_deleted_ends_with_status_1_and_says_how_to_begin_anew(
    tmp_path: Path, lost: str
) -> None:
    file, frontier = tmp_path / lost, tmp_path / "crawl.db"
    with DemoWeb([SiteSpec("plain", "plain", pages=60, latency_s=0.2)], tmp_path / "log") as web:
        words = ["crawl", "site", "-a", f"url={web.url('plain')}/"]
        places = {"FRONTIER_URL": f"sqlite:///{frontier}", "STORE_URL": f"sqlite:///{file}"}
        words += options({**places, "GUARD_ALLOW": "127.0.0.0/8"})
        crawl = Scrapy(*words)
        until(lambda: _pages(file), crawl)
        file.unlink()
        for more in ("-wal", "-shm"):
            file.with_name(lost + more).unlink(missing_ok=True)
        assert crawl.wait() == 1, crawl.output()
        assert f"{file} was deleted or replaced" in crawl.output()
        assert "Traceback" not in crawl.output()
        reset = () if file == frontier else ("-s", "FRONTIER_RESET=1")
        status, output = scrapy(*words, *reset)
        assert status == 0, output
        assert _pages(file) == web.expected("plain").pages


def _pages(file: Path) -> set[str]:
    if not file.exists():
        return set()
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        try:
            return {url for (url,) in db.execute("SELECT url FROM pages")}
        except sqlite3.OperationalError:
            return set()
