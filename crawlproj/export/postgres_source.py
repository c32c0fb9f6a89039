"""Exports the tables of a PostgreSQL database."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from crawlproj.errors import ConfigError, StoreError
from crawlproj.export.selection import Column
from crawlproj.export.source import FIXED_TABLES, Source
from crawlproj.store.item_rows import OWN_COLUMNS
from crawlproj.store.postgres_items import KINDS
from crawlproj.store.postgres_url import read_url

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from types import TracebackType
    from typing import Self

    from crawlproj.export.selection import Selection

_BY_BYTES = ' COLLATE "C"'
_OF_THE_STORE = {"seq", "search"}  # columns of pages that SQLite has no equal of
_ITEM_TABLES = b"""
SELECT relname FROM pg_class WHERE relkind = 'r' AND pg_table_is_visible(oid) AND (
    SELECT count(*) FROM pg_attribute
    WHERE attrelid = pg_class.oid AND attname = ANY(%s) AND NOT attisdropped
) = 3 ORDER BY relname
"""
_COLUMNS = b"""
SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
WHERE attrelid = to_regclass(quote_ident(%s)) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""


class PostgresSource(Source):
    """One read-only transaction in a snapshot, which also a pooler keeps in one session.

    url: see ``read_url``. Raises ConfigError if it is wrong.
    """

    def __init__(self, url: str) -> None:
        try:
            self._conninfo, place = read_url(url)
        except ValueError as exc:
            raise ConfigError(
                f"STORE_URL is wrong, {exc}: write postgresql://user:password@host:port/database"
            ) from None
        self._place = f"PostgreSQL at {place}"
        self._db: psycopg.Connection[Any] | None = None

    def __enter__(self) -> Self:
        with self._explained():
            self._db = psycopg.connect(self._conninfo, prepare_threshold=None)
            try:
                self._db.read_only = True
                self._db.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                self._db.execute(b"SELECT set_config('statement_timeout', '0', true)")
                if not self._all(b"SELECT 1 WHERE to_regclass('store_meta') IS NOT NULL", ()):
                    raise StoreError(f"{self._place} has no pages: no crawl has stored any there")
            except BaseException:
                self._db.close()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._db is not None:
            self._db.close()

    def tables(self) -> list[str]:
        found = self._all(_ITEM_TABLES, (list(OWN_COLUMNS),))
        return [*FIXED_TABLES, *(name for (name,) in found if name not in FIXED_TABLES)]

    def columns(self, table: str) -> list[Column]:
        hidden = _OF_THE_STORE if table == "pages" else set()
        return [
            Column(name, KINDS.get(declared, "text"))
            for name, declared in self._all(_COLUMNS, (table,))
            if name not in hidden
        ]

    def of_one_kind(self, selection: Selection) -> tuple[Column, ...]:
        return selection.columns

    def count(self, selection: Selection) -> int:
        rest, parameters = _rest(selection)
        query = SQL("SELECT count(*) FROM (SELECT 1 FROM {}{}) AS chosen").format(
            _quoted(selection.table), rest
        )
        ((count,),) = self._all(query, parameters)
        return int(count)

    def rows(self, selection: Selection) -> Iterator[Sequence[Any]]:
        rest, parameters = _rest(selection)
        names = SQL(", ").join(_quoted(column.name) for column in selection.columns)
        query = SQL("SELECT {} FROM {}{}").format(names, _quoted(selection.table), rest)
        with self._explained(), self._connection().cursor() as cursor:
            yield from cursor.stream(query, parameters)

    def _all(self, query: bytes | Composed, parameters: Sequence[Any]) -> list[Any]:
        with self._explained():
            return self._connection().execute(query, parameters).fetchall()

    def _connection(self) -> psycopg.Connection[Any]:
        assert self._db is not None  # noqa: S101 - a context manager
        return self._db

    @contextlib.contextmanager
    def _explained(self) -> Generator[None]:
        try:
            yield
        except psycopg.Error as exc:
            reason = str(exc).strip().partition("\n")[0] or type(exc).__name__
            raise StoreError(
                f"{self._place} cannot be read: {reason}; check the database, user and privileges, "
                "or change STORE_URL"
            ) from exc


def _quoted(name: str) -> Identifier:
    """Return a name as SQL; % marks a parameter even there, and is doubled."""
    return Identifier(name.replace("%", "%%"))


def _rest(selection: Selection) -> tuple[SQL, list[Any]]:
    sql, parameters = selection.rest_of_query(_BY_BYTES)
    return SQL(sql.replace("?", "%s")), parameters
