"""An SQLite file with the table alone."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crawlproj.export.formats.base import Writer
from crawlproj.store.sqlite_items import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crawlproj.export.selection import Column
    from crawlproj.store.item_rows import Kind

_TYPES: dict[Kind, str] = {"integer": "INTEGER", "real": "REAL", "text": "TEXT", "blob": "BLOB"}


class SqliteFile(Writer):
    """Has the table under its own name; columns of several kinds have no type."""

    def __init__(self, path: Path, table: str, columns: Sequence[Column]) -> None:
        # Nobody else sees the file before it is whole, so it needs no journal.
        self._db = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "temp_store = MEMORY"):
            self._db.execute(f"PRAGMA {pragma}")
        typed = ", ".join(
            f"{quoted(column.name)} {_TYPES.get(column.kind or 'numeric', '')}".rstrip()
            for column in columns
        )
        marks = ", ".join("?" * len(columns))
        self._put = f"INSERT INTO {quoted(table)} VALUES ({marks})"
        self._ask(f"CREATE TABLE {quoted(table)} ({typed})")
        self._ask("BEGIN")

    def write(self, row: Sequence[Any]) -> None:
        self._ask(self._put, [_fit(value) for value in row])

    def finish(self) -> str:
        self._ask("COMMIT")
        self._db.close()
        return ""

    def abandon(self) -> None:
        self._db.close()

    def _ask(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        try:
            self._db.execute(sql, parameters)
        except sqlite3.OperationalError as exc:
            raise OSError(str(exc)) from exc


def _fit(value: Any) -> Any:
    """Return ``value``, or a Decimal of PostgreSQL as the number or text that SQLite keeps."""
    if not isinstance(value, Decimal):
        return value
    if value.is_finite() and value == int(value) and -(2**63) <= value < 2**63:
        return int(value)
    return float(value) if Decimal(str(float(value))) == value else str(value)


FORMAT = SqliteFile
