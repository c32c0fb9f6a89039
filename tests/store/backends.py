"""The stores that the contract is checked on; **add a store here**."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import psycopg

from crawlproj.store.sqlite import SqliteStore
from crawlproj.store.url import store_from_url
from tests.frontier.helpers import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from crawlproj.store.base import Row, Store, Stored
    from tests.servers import PgBouncer, Postgres

NUMBERS = count()


@dataclass(frozen=True)
class Backend:
    """A store, and a way to query its tables over another connection."""

    store: Store
    look: Callable[[str], list[tuple[Any, ...]]]

    def write(self, *rows: Row) -> Stored:
        return run(self.store.write(rows))

    def count(self) -> dict[str, int]:
        return run(self.store.count())


def read(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchall()


def on_postgres(url: str) -> Backend:
    def look(query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(url) as db:
            return db.execute(query.encode()).fetchall()

    return Backend(store_from_url(url), look)


def new_sqlite(request: pytest.FixtureRequest) -> Backend:
    path: Path = request.getfixturevalue("tmp_path") / "store.db"
    return Backend(SqliteStore(path), partial(read, path))


def new_postgres(request: pytest.FixtureRequest) -> Backend:
    server: Postgres = request.getfixturevalue("postgres")
    return on_postgres(server.create(f"db{next(NUMBERS)}"))


def new_pooled(request: pytest.FixtureRequest) -> Backend:
    server: Postgres = request.getfixturevalue("postgres")
    pooler: PgBouncer = request.getfixturevalue("pgbouncer")
    database = f"db{next(NUMBERS)}"
    direct = on_postgres(server.create(database))
    return Backend(store_from_url(pooler.url(database)), direct.look)


# Each returns an empty store, not open yet, and may ask ``request`` for fixtures.
BACKENDS = {"sqlite": new_sqlite, "postgres": new_postgres, "pgbouncer": new_pooled}
