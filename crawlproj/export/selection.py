"""Which rows and columns of a table are exported. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from crawlproj.errors import ConfigError, did_you_mean
from crawlproj.store.url_ranges import ranges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.store.item_rows import Kind

URL_COLUMNS = {
    "pages": "url",
    "failures": "url",
    "skipped": "url",
    "links": "page",
    "changes": "url",
}
"""Table → the column that says of which site a row is; all others have ``_page``."""

_TIME = {
    "pages": "fetched_at",
    "failures": "failed_at",
    "skipped": "skipped_at",
    "changes": "at",
    "dropped_items": "dropped_at",
}
_TABLES = {
    "since": tuple(_TIME),
    "until": tuple(_TIME),
    "status": ("pages", "failures"),
    "reason": ("failures", "skipped", "dropped_items"),
    "content_type": ("pages",),
    "distinct": ("pages",),
}
"""Filter → the tables that have it; all tables have the others."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. kind: None if its values may be of several kinds."""

    name: str
    kind: Kind | None


@dataclass(frozen=True, slots=True)
class Filters:
    """Which rows are exported; an empty filter lets all of them through.

    site: hosts, with the port unless it is the usual one. status: (lowest, highest), both included.
    reason: as the summary counts it. content_type: how it begins. since, until: unix seconds, the
    first included. distinct: only pages that no earlier page equals.
    """

    site: tuple[str, ...] = ()
    status: tuple[tuple[int, int], ...] = ()
    reason: tuple[str, ...] = ()
    content_type: tuple[str, ...] = ()
    since: float | None = None
    until: float | None = None
    distinct: bool = False

    def check(self, table: str) -> None:
        """Raise ConfigError if ``table`` lacks what a filter looks at, or no time is between."""
        for each in fields(self):
            tables = _TABLES.get(each.name)
            if tables and table not in tables and getattr(self, each.name) not in ((), None, False):
                raise ConfigError(
                    f"--{each.name.replace('_', '-')} filters {_and(tables)} only, not {table}"
                )
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ConfigError("--since is not before --until, so no row is between them")


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows and columns of a table. limit: the most rows; None for all."""

    table: str
    columns: tuple[Column, ...]
    filters: Filters = field(default_factory=Filters)
    limit: int | None = None

    def rest_of_query(self, by_bytes: str) -> tuple[str, list[Any]]:
        """Return the SQL after FROM and the table, and its parameters in the order of their "?".

        by_bytes: appended to a column whose values are compared byte by byte.
        """
        conditions, parameters = _conditions(self.table, self.filters, by_bytes)
        sql = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        if self.limit is not None:
            sql += " LIMIT ?"
            parameters.append(self.limit)
        return sql, parameters


def chosen(names: Sequence[str], columns: Sequence[Column], table: str) -> tuple[Column, ...]:
    """Return the columns with these names, in this order; all columns if there are no names.

    Raises ConfigError for a name that is not a column of ``table``, or that is there twice.
    """
    by_name = {column.name: column for column in columns}
    for position, name in enumerate(names):
        if name not in by_name:
            raise ConfigError(
                f"the table {table} has no column {name!r}{did_you_mean(name, by_name)} "
                f"(it has {', '.join(by_name)})"
            )
        if name in names[:position]:
            raise ConfigError(f"--columns names {name} twice")
    return tuple(by_name[name] for name in names) or tuple(columns)


def _conditions(table: str, filters: Filters, by_bytes: str) -> tuple[list[str], list[Any]]:
    """Return SQL conditions that must all hold, and their parameters."""
    conditions: list[str] = []
    parameters: list[Any] = []

    def one_of(choices: Sequence[tuple[str, Sequence[Any]]]) -> None:
        if choices:
            conditions.append(f"({' OR '.join(sql for sql, _ in choices)})")
            parameters.extend(value for _, values in choices for value in values)

    url = URL_COLUMNS.get(table, "_page") + by_bytes
    sites = [each for site in filters.site for each in ranges(site, None)]
    one_of([(f"({url} >= ? AND {url} < ?)", (low, high)) for low, high in sites])
    one_of([("(status BETWEEN ? AND ?)", bounds) for bounds in filters.status])
    one_of([("reason = ?", (reason,)) for reason in filters.reason])
    one_of(
        [
            ("lower(substr(content_type, 1, ?)) = ?", (len(beginning), beginning.lower()))
            for beginning in filters.content_type
        ]
    )
    for value, comparison in ((filters.since, ">="), (filters.until, "<")):
        if value is not None:
            one_of([(f"{_TIME[table]} {comparison} ?", (value,))])
    if filters.distinct:
        conditions.append("duplicate_of IS NULL")
    return conditions, parameters


def _and(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if names[1:] else "") + names[-1]
