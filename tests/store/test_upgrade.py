"""Stores that an older version wrote."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg
import pytest

from crawlproj.errors import StoreError
from crawlproj.store.sqlite import SqliteStore
from crawlproj.store.url import store_from_url
from tests.frontier.helpers import run
from tests.store.helpers import page

if TYPE_CHECKING:
    from pathlib import Path

    from crawlproj.store.base import Store
    from tests.servers import Postgres

SINCE_2 = [
    "markdown",
    "main_text",
    "main_markdown",
    "structured_data",
    "headings",
    "images",
    "html",
]
SINCE_3 = [
    "etag",
    "last_modified",
    "text_hash",
    "signals",
    "first_seen_at",
    "changed_at",
    "checked_at",
    "gone_at",
    "history",
]

TO_SCHEMA_4 = ["DROP TABLE hints", "UPDATE store_meta SET value = 4"]
TO_SCHEMA_3 = [
    *TO_SCHEMA_4,
    "ALTER TABLE pages DROP COLUMN file",
    "UPDATE store_meta SET value = 3",
]
TO_SCHEMA_2 = [
    *TO_SCHEMA_3,
    "DROP TABLE changes",
    *(f"ALTER TABLE pages DROP COLUMN {column}" for column in SINCE_3),
    "UPDATE store_meta SET value = 2",
]
DOWNGRADE = [
    *TO_SCHEMA_2,
    "DROP TABLE links",
    *(f"ALTER TABLE pages DROP COLUMN {column}" for column in SINCE_2),
    "UPDATE store_meta SET value = 1",
]


def fill(store: Store, *urls: str) -> None:
    run(store.open())
    for url in urls:
        assert not run(store.write([page(url, links=[{"url": url}])])).rejected
    run(store.close())


def test_a_file_with_schema_1_keeps_its_pages_and_gets_the_new_columns(tmp_path: Path) -> None:
    path = tmp_path / "crawl.db"
    fill(SqliteStore(path), "http://a/")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in DOWNGRADE:
            db.execute(statement)
    fill(SqliteStore(path), "http://b/")
    fill(SqliteStore(path))  # once more: nothing is left to do
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT url, markdown FROM pages ORDER BY url").fetchall() == [
            ("http://a/", None),
            ("http://b/", None),
        ]
        assert db.execute("SELECT page FROM links").fetchall() == [("http://b/",)]


def test_a_database_with_schema_1_keeps_its_pages_and_gets_the_new_columns(
    postgres: Postgres,
) -> None:
    url = postgres.create("upgraded")
    fill(store_from_url(url), "http://a/")
    with psycopg.connect(url) as db:
        for statement in DOWNGRADE:
            db.execute(statement.encode())
    fill(store_from_url(url), "http://b/")
    fill(store_from_url(url))
    with psycopg.connect(url) as db:
        assert db.execute("SELECT url, markdown FROM pages ORDER BY url").fetchall() == [
            ("http://a/", None),
            ("http://b/", None),
        ]
        assert db.execute("SELECT page FROM links").fetchall() == [("http://b/",)]


def test_a_file_with_schema_3_gets_the_column_of_saved_files(tmp_path: Path) -> None:
    path = tmp_path / "crawl.db"
    fill(SqliteStore(path), "http://a/")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in TO_SCHEMA_3:
            db.execute(statement)
    store = SqliteStore(path)
    run(store.open())
    assert not run(store.write([page("http://b/", file="ab/ab.pdf")])).rejected
    run(store.close())
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT url, file FROM pages ORDER BY url").fetchall() == [
            ("http://a/", None),
            ("http://b/", "ab/ab.pdf"),
        ]
        assert db.execute("SELECT count(*) FROM changes").fetchall() == [(2,)]


def test_a_file_with_schema_4_keeps_the_items_of_a_class_named_hints(tmp_path: Path) -> None:
    path = tmp_path / "crawl.db"
    fill(SqliteStore(path), "http://a/")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in TO_SCHEMA_4:
            db.execute(statement)
        db.execute("CREATE TABLE hints (_key TEXT PRIMARY KEY, x)")
        db.execute("INSERT INTO hints VALUES ('1', 'an item')")
    fill(SqliteStore(path), "http://a/new")
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT x FROM item_hints").fetchall() == [("an item",)]
        assert db.execute("SELECT count(*) FROM hints").fetchall() == [(0,)]
        assert db.execute("SELECT count(*) FROM pages").fetchall() == [(2,)]


def test_a_database_with_schema_4_keeps_the_items_of_a_class_named_hints(
    postgres: Postgres,
) -> None:
    url = postgres.create("upgraded_from_4")
    fill(store_from_url(url), "http://a/")
    with psycopg.connect(url) as db:
        for statement in TO_SCHEMA_4:
            db.execute(statement.encode())
        db.execute(b"CREATE TABLE hints (_key text PRIMARY KEY, x text)")
    fill(store_from_url(url), "http://a/new")
    with psycopg.connect(url) as db:
        assert db.execute(b"SELECT count(*) FROM item_hints").fetchall() == [(0,)]
        assert db.execute(b"SELECT count(*) FROM hints").fetchall() == [(0,)]
        assert db.execute(b"SELECT count(*) FROM changes").fetchall() == [(2,)]


KEPT = "SELECT first_seen_at, changed_at, checked_at, trim(history) FROM pages"


def check_again(store: Store) -> None:
    """Store a page that an older version stored at 100."""
    run(store.open())
    run(store.write([page("http://a/", "x", text="new", fetched_at=300.0)]))
    run(store.close())


def test_a_file_with_schema_2_knows_when_its_pages_were_checked(tmp_path: Path) -> None:
    path = tmp_path / "crawl.db"
    store = SqliteStore(path)
    run(store.open())
    run(store.write([page("http://a/", "", text="old", fetched_at=100.0)]))
    run(store.close())
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in TO_SCHEMA_2:
            db.execute(statement)
        db.execute("CREATE TABLE changes (_key TEXT PRIMARY KEY, _page TEXT, _extra TEXT, x)")
        db.execute("INSERT INTO changes (_key, x) VALUES ('1', 'an item')")
    check_again(SqliteStore(path))
    with closing(sqlite3.connect(path)) as db:
        assert db.execute(KEPT).fetchall() == [(100, 300, 300, "[200]")]
        assert db.execute("SELECT kind, at, since FROM changes").fetchall() == [
            ("changed", 300, 100)
        ]
        assert db.execute("SELECT x FROM item_changes").fetchall() == [("an item",)]


def test_a_database_with_schema_2_knows_when_its_pages_were_checked(postgres: Postgres) -> None:
    url = postgres.create("upgraded_from_2")
    store = store_from_url(url)
    run(store.open())
    run(store.write([page("http://a/", "", text="old", fetched_at=100.0)]))
    run(store.close())
    with psycopg.connect(url) as db:
        for statement in TO_SCHEMA_2:
            db.execute(statement.encode())
        db.execute(b"CREATE TABLE changes (_key text PRIMARY KEY, x text)")
    check_again(store_from_url(url))
    with psycopg.connect(url) as db:
        assert db.execute(KEPT.encode()).fetchall() == [(100, 300, 300, "[200]")]
        assert db.execute(b"SELECT kind, at, since FROM changes").fetchall() == [
            ("changed", 300, 100)
        ]
        assert db.execute(b"SELECT x FROM item_changes").fetchall() == []


@pytest.mark.parametrize("table", ["links", "changes", "hints"])
def test_another_programs_tables_are_left_alone(tmp_path: Path, table: str) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"CREATE TABLE {table} (id)")
    with pytest.raises(StoreError, match=f"'{table}' that is not crawlproj's"):
        run(SqliteStore(path).open())
