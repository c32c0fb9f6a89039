"""What only SQLite's way to keep rows makes necessary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.store.base import Row
from crawlproj.store.sqlite import SqliteStore
from tests.frontier.helpers import run
from tests.store.helpers import page

if TYPE_CHECKING:
    from pathlib import Path

TEXT = 500_000


def test_a_check_of_an_unchanged_page_does_not_write_its_text_again(tmp_path: Path) -> None:
    log = tmp_path / "crawl.db-wal"
    store = SqliteStore(tmp_path / "crawl.db")
    run(store.open())
    run(store.write([page("http://a/", "x", text="x" * TEXT, fetched_at=100.5)]))
    before = log.stat().st_size
    for at in (10_100.5, 40_100.5, 700_100.5):
        run(store.write([Row("checks", {"url": "http://a/", "checked_at": at})]))
    assert before > TEXT
    assert log.stat().st_size - before < TEXT / 4
    run(store.close())
