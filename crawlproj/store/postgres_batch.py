"""The rows of a write, in the types of the PostgreSQL store's columns. Pure."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from crawlproj.store import postgres_sql as sql
from crawlproj.store.base import CHECKS, HINTS, Row
from crawlproj.store.item_rows import INTEGERS
from crawlproj.store.postgres_items import printable
from crawlproj.store.rows import COLUMNS, links_of, values_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAX_INDEXED_BYTES = 2600  # a B-tree entry takes at most a third of an 8 KB page
_INDEXED = {"url", "content_hash"}
_REQUIRED = {"url", "reason"}


class Batch:
    """The rows of a write, as they can be stored.

    rows: table → url → values of its columns; only the last row of a URL, in one table.
    checks: URL → when its page was as it was. index: URL of a page → its index in the batch.
    hints: when they were noted, and their rows.
    links: of the pages. items: table → index → row.
    rejected: index → why it cannot be stored.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows: dict[str, dict[str, list[Any]]] = {table: {} for table in COLUMNS}
        self.index: dict[str, int] = {}
        self.items: dict[str, dict[int, Row]] = {}
        self.checks: dict[str, float] = {}
        self.hints: list[tuple[float, list[Sequence[Any]]]] = []
        self.rejected: dict[int, str] = {}
        links: dict[str, list[tuple[Any, ...]]] = {}
        for index, row in enumerate(rows):
            if row.table == CHECKS:
                url = str(row.values["url"])
                self.checks[url] = float(row.values["checked_at"])
                self._forget(url)
                continue
            if row.table == HINTS:
                self.hints.append((row.values["noted_at"], _hints_in(row)))
                continue
            if row.table not in COLUMNS:
                self.items.setdefault(row.table, {})[index] = row
                continue
            try:
                values, outgoing = _checked(row), links_of(row.values)
            except (ValueError, TypeError, OverflowError) as exc:
                self.rejected[index] = f"{row.label}: {exc}"
                continue
            url = values[0]
            self._forget(url)
            self.rows[row.table][url] = values
            if row.table == "pages":
                self.index[url], links[url] = index, outgoing
        self.links = [_without_nul(link) for each in links.values() for link in each]

    def _forget(self, url: str) -> None:
        """Drop an earlier failure of ``url``, or that it was skipped."""
        for table in ("failures", "skipped"):
            self.rows[table].pop(url, None)


def _hints_in(row: Row) -> list[Sequence[Any]]:
    """Return one hint for each URL, without those of URLs that no page can have."""
    hints = {hint[0]: hint for hint in row.values["hints"]}
    return [hint for url, hint in hints.items() if len(url.encode()) <= _MAX_INDEXED_BYTES]


def _checked(row: Row) -> list[Any]:
    """Return the row's values in the types of their columns.

    Raises ValueError, TypeError or OverflowError if a value does not fit its column.
    """
    values = values_of(row.table, row.values)
    if row.table != "pages" and isinstance(values[0], str):
        values[0] = _indexable(values[0])
    return [_fit(column, value) for column, value in zip(COLUMNS[row.table], values, strict=True)]


def _indexable(url: str) -> str:
    """Return a URL that an index takes: its beginning and a hash if it is too long.

    A URL may have failed for its length, and has a row all the same.
    """
    encoded = url.encode()  # raises on lone surrogates
    if len(encoded) <= _MAX_INDEXED_BYTES:
        return url
    digest = blake2b(encoded, digest_size=16).hexdigest()
    return f"{encoded[: _MAX_INDEXED_BYTES - 40].decode(errors='ignore')}… {digest}"


def _fit(column: str, value: object) -> object:
    if value is None:
        if column in _REQUIRED:
            raise ValueError(f"{column} is missing")
        return None
    kind = sql.TYPES.get(column, str)
    if kind is bytes and isinstance(value, bytes):
        return value
    if not isinstance(value, str | int | float) or kind is bytes:
        raise TypeError(f"{column} cannot be a {type(value).__name__}")
    if kind is str:
        text = str(value)
        size = len(text.encode())  # raises on lone surrogates
        if column in _INDEXED and size > _MAX_INDEXED_BYTES:
            raise ValueError(f"{column} has {size} bytes; an index takes {_MAX_INDEXED_BYTES}")
        return printable(text)
    number = kind(value)
    if kind is int and number not in INTEGERS:
        raise ValueError(f"{column} is out of range: {number}")
    return number


def _without_nul(link: tuple[Any, ...]) -> list[Any]:
    return [printable(value) if isinstance(value, str) else value for value in link]
