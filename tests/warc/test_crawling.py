"""A crawl with WARC_DIR archives what it fetched, whenever it is killed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from crawlproj.demo import DemoWeb, SiteSpec
from tests.processes import Scrapy, scrapy
from tests.waiting import until_at_least
from tests.warc.helpers import check, index

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def words(url: str, folder: Path) -> list[str]:
    place = f"sqlite:///{folder}/crawl.db"
    return [
        *("crawl", "site", "-a", f"url={url}", "-s", f"FRONTIER_URL={place}"),
        *("-s", f"STORE_URL={place}", "-s", f"WARC_DIR={folder}/warc", "-s", "LOG_LEVEL=ERROR"),
        *("-s", "GUARD_ALLOW=127.0.0.0/8"),
    ]


def test_every_stored_page_is_in_a_whole_file_after_kills(tmp_path: Path) -> None:
    warc = tmp_path / "warc"
    with DemoWeb([SiteSpec("plain", "plain", pages=200)], tmp_path / "log") as web:
        command = words(web.url("plain"), tmp_path)
        for kill in range(2):  # at the third, pages in hand would be put aside
            crawl = Scrapy(*command)
            until_at_least((kill + 1) * 60_000, lambda: _bytes(warc), crawl)
            crawl.kill()
            check(warc)
        code, shown = scrapy(*command)
    assert code == 0, shown
    check(warc)
    assert not list(warc.glob("*.open"))
    archived = {fields["url"] for _, _, fields in index(warc)}
    with closing(sqlite3.connect(tmp_path / "crawl.db")) as db:
        stored = {url for (url,) in db.execute("SELECT url FROM pages")}
    assert len(stored) == 200
    assert stored <= archived
    assert any(url.endswith("/robots.txt") for url in archived)


def test_a_folder_that_cannot_be_made_is_an_error_before_anything_is_fetched(
    tmp_path: Path,
) -> None:
    (tmp_path / "warc").write_text("a file")
    code, shown = scrapy(*words("http://127.0.0.1:9/", tmp_path))
    assert code == 2
    assert "WARC_DIR" in shown
    assert "Traceback" not in shown


def _bytes(folder: Path) -> int:
    try:
        return sum(path.stat().st_size for path in folder.glob("*.warc.gz*"))
    except FileNotFoundError:  # renamed meanwhile
        return 0
