"""Stores that an older version wrote."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg
import pytest

from crawlproj.errors import StoreError
from crawlproj.store.rows import SINCE_2
from crawlproj.store.sqlite import SqliteStore
from crawlproj.store.url import store_from_url
from tests.frontier.helpers import run
from tests.store.helpers import page

if TYPE_CHECKING:
    from pathlib import Path

    from crawlproj.store.base import Store
    from tests.servers import Postgres

DOWNGRADE = [
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


def test_another_programs_links_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE links (id)")
    with pytest.raises(StoreError, match="'links' that is not crawlproj's"):
        run(SqliteStore(path).open())
