"""Exports the tables of an SQLite file."""

from __future__ import annotations

import contextlib
import sqlite3
from functools import reduce
from typing import TYPE_CHECKING, Any

from crawlproj.errors import StoreError
from crawlproj.export.selection import Column
from crawlproj.export.source import FIXED_TABLES, Source
from crawlproj.store.item_rows import OWN_COLUMNS, Kind, widest
from crawlproj.store.sqlite_items import quoted

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from crawlproj.export.selection import Selection

_BUSY_S = 10.0
_DECLARED: dict[str, Kind] = {"TEXT": "text", "INTEGER": "integer", "REAL": "real", "BLOB": "blob"}
_KINDS: tuple[Kind, ...] = ("integer", "real", "text", "blob")  # as typeof() names them


class SqliteSource(Source):
    """One read transaction on the file, which in WAL mode neither waits nor is waited for.

    The log of a crawl that writes meanwhile grows until the export ends.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        if not self._path.is_file():
            raise StoreError(
                f"{self._path} does not exist: run a crawl that stores its pages there, or set "
                "STORE_URL to the store that you mean"
            )
        with self._explained():
            self._db = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode=ro",
                uri=True,
                timeout=_BUSY_S,
                isolation_level=None,
            )
            try:
                self._db.text_factory = lambda data: data.decode("utf-8", "replace")
                self._db.execute("BEGIN")
                ours = self._db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'store_meta'")
                if ours.fetchone() is None:
                    raise StoreError(f"{self._path} has no pages: no crawl has stored any there")
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
        found = self._all(
            "SELECT made.name FROM sqlite_schema AS made, pragma_table_info(made.name) AS has "
            "WHERE made.type = 'table' AND has.name IN (?, ?, ?) "
            "GROUP BY made.name HAVING count(*) = 3 ORDER BY made.name",
            OWN_COLUMNS,
        )
        items = [name for (name,) in found if name not in FIXED_TABLES]
        return [*FIXED_TABLES, *items]

    def columns(self, table: str) -> list[Column]:
        found = self._all("SELECT name, type FROM pragma_table_info(?)", (table,))
        return [Column(name, _DECLARED.get(declared)) for name, declared in found]

    def of_one_kind(self, selection: Selection) -> tuple[Column, ...]:
        mixed = [column.name for column in selection.columns if column.kind is None]
        if not mixed:
            return selection.columns
        looks = [f"max(typeof({quoted(name)}) = '{kind}')" for name in mixed for kind in _KINDS]
        rest, parameters = selection.rest_of_query("")
        ((*seen,),) = self._all(
            f"SELECT {', '.join(looks)} FROM (SELECT {', '.join(map(quoted, mixed))} "
            f"FROM {quoted(selection.table)}{rest})",
            parameters,
        )
        kinds: dict[str, Kind] = {}
        for position, name in enumerate(mixed):
            flags = seen[position * len(_KINDS) :]
            there = [kind for kind, flag in zip(_KINDS, flags, strict=False) if flag]
            kinds[name] = reduce(widest, there) if there else "text"
        return tuple(Column(each.name, each.kind or kinds[each.name]) for each in selection.columns)

    def count(self, selection: Selection) -> int:
        rest, parameters = selection.rest_of_query("")
        ((count,),) = self._all(
            f"SELECT count(*) FROM (SELECT 1 FROM {quoted(selection.table)}{rest})", parameters
        )
        return int(count)

    def rows(self, selection: Selection) -> Iterator[Sequence[Any]]:
        rest, parameters = selection.rest_of_query("")
        names = ", ".join(quoted(column.name) for column in selection.columns)
        sql = f"SELECT {names} FROM {quoted(selection.table)}{rest}"
        with self._explained():
            yield from self._connection().execute(sql, parameters)

    def _all(self, sql: str, parameters: Sequence[Any]) -> list[Any]:
        with self._explained():
            return self._connection().execute(sql, parameters).fetchall()

    def _connection(self) -> sqlite3.Connection:
        assert self._db is not None  # noqa: S101 - a context manager
        return self._db

    @contextlib.contextmanager
    def _explained(self) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            raise StoreError(
                f"{self._path} cannot be read ({exc}); check that it is crawlproj's database and "
                "that you may read it and write to its folder"
            ) from exc
