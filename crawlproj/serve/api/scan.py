"""Walks a table in the order of its URLs, a bounded stretch at a time.

No filter needs an index: the rows between two URLs are looked at, however few of them match, and
an answer whose time is over says where to go on. So every request ends soon, and repeating it with
its cursor visits every row once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawlproj.serve.database.base import Caps, Encoded
from crawlproj.store.url_ranges import ranges

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crawlproj.serve.api.tables import Table
    from crawlproj.serve.database.base import Connection, Dialect, Form
    from crawlproj.store.url_ranges import Range

_FIRST_STRETCH, _MAX_STRETCH = 500, 20_000  # rows looked at by one statement
_QUICK_S = 0.03  # a stretch that takes less may be longer
MAX_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Found:
    """rows: of the answer. after: the URL to go on after; None if all rows were looked at."""

    rows: list[Sequence[Any]]
    after: str | None


class Scan:
    """The rows of ``table`` that the given parameters let through.

    values: of the table's parameters. clock: seconds, monotonic.
    """

    def __init__(
        self,
        table: Table,
        values: Mapping[str, Any],
        dialect: Dialect,
        clock: Callable[[], float],
    ) -> None:
        self.columns = ("url", *(name for name in values["fields"] if name != "url"))
        self.filters = tuple(name for name in table.filters if values[name] is not None)
        self._table = table.name
        self._url = f"url{dialect.by_bytes}"
        self._ranges = ranges(values["site"], values["prefix"])
        self._where = "".join(f" AND {table.filters[name]}" for name in self.filters)
        self._values = {name: values[name] for name in self.filters}
        if "content_type" in self._values:
            self._values["content_type"] = self._values["content_type"].lower()
        self._clock = clock

    async def read(
        self, connection: Connection, after: str | None, limit: int, budget_s: float
    ) -> Found:
        """Return up to ``limit`` rows after the URL ``after``, looking for ``budget_s`` seconds."""
        rows: list[Sequence[Any]] = []
        room = MAX_BYTES
        until = self._clock() + budget_s
        walk = _Walk(self._ranges, after)
        while (bounds := walk.bounds()) is not None:
            began = self._clock()
            last = None
            if self._where:
                last = await self._end_of_stretch(connection, bounds, walk.stretch)
                if last is None:
                    walk.next_range()
                    continue
            wanted = limit - len(rows)
            sql, parameters = self._select(bounds, last, wanted)
            found = await connection.fetch(sql, parameters, Caps(wanted, room))
            rows += found.rows
            room -= sum(len(v) for row in found.rows for v in row if isinstance(v, str | bytes))
            if found.cut or len(found.rows) == wanted:
                return Found(rows, found.rows[-1][0] if found.rows else walk.after)
            if last is None:
                walk.next_range()
            else:
                walk.went_to(last, self._clock() - began)
            if self._clock() >= until and walk.bounds() is not None:
                return Found(rows, walk.after)
        return Found(rows, None)

    async def encode(
        self, connection: Connection, after: str | None, caps: Caps, form: Form, stretch: int
    ) -> tuple[Encoded | None, str | None]:
        """Return rows of one stretch, and the URL to go on after; None, None at the end.

        caps: with the key ("url",).
        """
        walk = _Walk(self._ranges, after)
        while (bounds := walk.bounds()) is not None:
            last = await self._end_of_stretch(connection, bounds, stretch)
            if last is None:
                walk.next_range()
                continue
            sql, parameters = self._select(bounds, last, caps.rows)
            encoded = await connection.encode(sql, parameters, caps, form)
            whole = not encoded.cut and encoded.rows < caps.rows
            return encoded, last if whole else encoded.last[0]
        return None, None

    async def _end_of_stretch(
        self, connection: Connection, bounds: _Bounds, stretch: int
    ) -> str | None:
        """Return the last URL of the next stretch; None if there is no row left."""
        where, parameters = bounds.sql(self._url)
        sql = (
            f"SELECT max({self._url}) FROM (SELECT url FROM {self._table} WHERE {where} "
            f"ORDER BY {self._url} LIMIT :stretch) AS stretch"
        )
        found = await connection.fetch(sql, {**parameters, "stretch": stretch}, Caps(1, MAX_BYTES))
        last: str | None = found.rows[0][0]
        return last

    def _select(self, bounds: _Bounds, last: str | None, limit: int) -> tuple[str, dict[str, Any]]:
        where, parameters = bounds.sql(self._url)
        if last is not None:
            where += f" AND {self._url} <= :last"
            parameters["last"] = last
        sql = (
            f"SELECT {', '.join(self.columns)} FROM {self._table} WHERE {where}{self._where} "
            f"ORDER BY {self._url} LIMIT :limit"
        )
        return sql, {**parameters, **self._values, "limit": limit}


@dataclass(frozen=True, slots=True)
class _Bounds:
    """Where to look: after ``after``, or from ``low`` on if that is None; before ``high``."""

    after: str | None
    low: str
    high: str | None

    def sql(self, url: str) -> tuple[str, dict[str, Any]]:
        # One lower bound alone: SQLite would begin at the wrong one of two.
        parameters: dict[str, Any] = {}
        if self.after is not None:
            where = f"{url} > :low"
            parameters["low"] = self.after
        else:
            where = f"{url} >= :low"
            parameters["low"] = self.low
        if self.high is not None:
            where += f" AND {url} < :high"
            parameters["high"] = self.high
        return where, parameters


class _Walk:
    """How far a walk over ranges has come."""

    def __init__(self, ranges: Sequence[Range], after: str | None) -> None:
        self._ranges = list(ranges)
        self.after = after
        self.stretch = _FIRST_STRETCH

    def bounds(self) -> _Bounds | None:
        """Return where to look next; None at the end."""
        while self._ranges:
            low, high = self._ranges[0]
            if self.after is None or self.after < low:
                return _Bounds(None, low, high)
            if high is None or self.after < high:
                return _Bounds(self.after, low, high)
            self._ranges.pop(0)
        return None

    def next_range(self) -> None:
        """Leave the range whose rows were all looked at."""
        _, high = self._ranges.pop(0)
        if high is not None:
            self.after = high  # no row has come from here on, and a cursor must not go back

    def went_to(self, url: str, took_s: float) -> None:
        """Note the end of a stretch, and how long it took."""
        self.after = url
        if took_s < _QUICK_S:
            self.stretch = min(_MAX_STRETCH, 2 * self.stretch)
        elif took_s > 2 * _QUICK_S:
            self.stretch = max(_FIRST_STRETCH // 10, self.stretch // 2)
