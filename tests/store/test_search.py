"""The full-text index of an SQLite store."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from crawlproj.errors import ConfigError
from crawlproj.store.base import Row, Store, Stored
from crawlproj.store.url import store_from_url
from tests.frontier.helpers import run
from tests.store.helpers import page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class NoIndex(Store):
    """A store of another package."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def open(self) -> None: ...

    async def write(self, rows: Sequence[Row]) -> Stored:
        return Stored()

    async def count(self) -> dict[str, int]:
        return {}

    async def close(self) -> None: ...


def hits(path: Path, word: str) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        sql = (
            "SELECT url FROM pages WHERE rowid IN "
            "(SELECT rowid FROM pages_search WHERE pages_search MATCH ?) ORDER BY url"
        )
        return [row[0] for row in db.execute(sql, (word,))]


def write(path: Path, *rows: Row, search: bool = True) -> None:
    store = store_from_url(f"sqlite:///{path}", search=search)
    run(store.open())
    assert not run(store.write(rows)).rejected
    run(store.close())


def check(path: Path) -> None:
    """Raise if the index disagrees with the pages."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO pages_search (pages_search, rank) VALUES ('integrity-check', 1)")


def test_the_index_agrees_with_the_pages_after_every_kind_of_change(tmp_path: Path) -> None:
    path = tmp_path / "crawl.db"
    write(path, page("http://a/", text="before"), search=False)
    write(path, page("http://b/", "h", text="one"), page("http://c/", "h", text="one"))
    check(path)
    write(path, page("http://b/", "g", text="two"), page("http://b/", "g", text="three"))
    write(path, page("http://c/", "g", text=None), search=False)
    check(path)
    assert hits(path, "before") == ["http://a/"]
    assert hits(path, "three") == ["http://b/"]
    assert hits(path, "one") == hits(path, "two") == []


def test_vacuum_keeps_the_index_right(tmp_path: Path) -> None:
    path = tmp_path / "crawl.db"
    write(path, *(page(f"http://a/{n}", text=f"word{n}") for n in range(50)))
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DELETE FROM pages WHERE url < 'http://a/3'")
        db.execute("VACUUM")
    check(path)
    assert hits(path, "word40") == ["http://a/40"]


def test_a_batch_that_is_rolled_back_leaves_no_words(tmp_path: Path) -> None:
    path = tmp_path / "crawl.db"
    write(path, page("http://a/", text="kept"))
    with closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO pages (url, text) VALUES ('http://b/', 'lost')")
        db.rollback()
    check(path)
    assert hits(path, "lost") == []


def test_a_store_without_an_index_cannot_be_asked_for_one() -> None:
    url = f"{NoIndex.__module__}.NoIndex:x"
    assert store_from_url(url).search is False
    with pytest.raises(ConfigError, match="STORE_SEARCH is on, but a NoIndex"):
        store_from_url(url, search=True)
