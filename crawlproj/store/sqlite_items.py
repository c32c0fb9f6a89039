"""Tables of items in an SQLite file."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

from crawlproj.store.item_rows import OWN_COLUMNS, RENAME, ItemTable, is_name

if TYPE_CHECKING:
    import sqlite3

    from crawlproj.store.base import Row

_MAX_INTEGER = 2**63


class SqliteItems:
    """Puts items into their tables, within the transaction that is open on ``db``.

    Columns have no type, so that each value stays as it is.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._tables: dict[str, ItemTable] = {}

    def put(self, row: Row) -> None:
        """Upsert an item by its key. Raises TypeError or ValueError if it cannot be stored."""
        table = self._tables.get(row.table) or self._opened(row.table)
        before = len(table.kinds)
        values = {"_key": row.key, "_page": row.page, **table.admit(row.values)}
        name = quoted(row.table)
        for column in list(table.kinds)[before:]:
            self._db.execute(f"ALTER TABLE {name} ADD COLUMN {quoted(column)}")
        columns = ", ".join(map(quoted, values))
        marks = ", ".join("?" * len(values))
        self._db.execute(
            f"INSERT OR REPLACE INTO {name} ({columns}) VALUES ({marks})",  # noqa: S608 - quoted
            [_fit(value) for value in values.values()],
        )

    def _opened(self, name: str) -> ItemTable:
        """Return a table that is there, or a new one."""
        columns: list[str] = []
        if is_name(name):
            found = self._db.execute("SELECT name FROM pragma_table_info(?)", (name,)).fetchall()
            columns = [column for (column,) in found]
        if not is_name(name) or (columns and not set(OWN_COLUMNS) <= set(columns)):
            raise ValueError(f"{name!r} is another program's table, or not a name; {RENAME} file")
        if not columns:
            self._db.execute(
                f"CREATE TABLE {quoted(name)} "
                "(_key TEXT NOT NULL PRIMARY KEY, _page TEXT, _extra TEXT)"
            )
        kinds = {column: "text" for column in columns if column not in OWN_COLUMNS}
        table = self._tables[name] = ItemTable(kinds)  # type: ignore[arg-type]
        return table


def quoted(name: str) -> str:
    """Return a name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def _fit(value: Any) -> Any:
    """Return ``value``, or the text of a number that SQLite cannot keep as one."""
    if isinstance(value, float) and isnan(value):
        return "NaN"
    if isinstance(value, int) and not -_MAX_INTEGER <= value < _MAX_INTEGER:
        return str(value)
    return value
