"""Reads the store of a crawl, in SQLite or PostgreSQL."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg


@dataclass(frozen=True, slots=True)
class Stored:
    """The tables at ``url``, a STORE_URL."""

    url: str

    def pages(self) -> list[tuple[str, str, str | None]]:
        """Return the url, content_hash and duplicate_of of every page."""
        return self._read("SELECT url, content_hash, duplicate_of FROM pages")

    def failures(self) -> dict[str, str]:
        """Return the reason of every URL that failed."""
        return dict(self._read("SELECT url, reason FROM failures"))

    def count(self) -> int | None:
        """Return the number of pages; None if the database is unreachable or has no tables yet."""
        try:
            return int(self._read("SELECT count(*) FROM pages")[0][0])
        except (psycopg.OperationalError, psycopg.errors.UndefinedTable, sqlite3.OperationalError):
            return None

    def is_held(self) -> bool:
        """Whether somebody keeps everybody else from writing to a file, for two seconds."""
        if not self.url.startswith("sqlite"):
            return False
        with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=2)) as file:
            try:
                file.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
            file.execute("ROLLBACK")
        return False

    def _read(self, query: str) -> list[tuple[Any, ...]]:
        if self.url.startswith("sqlite"):
            with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=20)) as file:
                return file.execute(query).fetchall()
        with psycopg.connect(self.url, connect_timeout=5) as db:
            return db.execute(query.encode()).fetchall()
