"""The order of a user's own SELECT, by which an answer that was cut goes on. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawlproj.serve.web.cursors import Cursor, cursor_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.serve.database.base import Encoded

MAX_COLUMNS = 4
SECONDS = 5.0
"""After which an ordered answer that has rows is cut, well before its query is out of time."""

_NAME = "crawlproj_after_"


@dataclass(frozen=True, slots=True)
class Order:
    """columns: of the answer, which tell its rows apart; rows with NULL in one are left out."""

    columns: tuple[str, ...]
    descending: bool = False

    @property
    def cursor(self) -> Cursor:
        """The shape of a cursor of this order."""
        return Cursor(((str, int, float),) * len(self.columns))

    def next(self, found: Encoded) -> str | None:
        """Return the cursor that goes on after an answer; None if it is whole."""
        return cursor_of(*found.last) if found.cut and self.columns else None

    def sql(self, sql: str, after: Sequence[Any] | None) -> tuple[str, dict[str, Any]]:
        """Return the SELECT in this order, after a row with the key ``after``, and parameters."""
        if not self.columns:
            return sql, {}
        names = [f'answer."{name.replace(chr(34), 2 * chr(34))}"' for name in self.columns]
        where = [f"{name} IS NOT NULL" for name in names]
        parameters: dict[str, Any] = {}
        if after is not None:
            parameters = {f"{_NAME}{n}": value for n, value in enumerate(after)}
            sign = "<" if self.descending else ">"
            bound = ", ".join(f":{name}" for name in parameters)
            where.append(f"({', '.join(names)}) {sign} ({bound})")
        way = " DESC" if self.descending else ""
        order = ", ".join(f"{name}{way}" for name in names)
        inner = sql.strip().removesuffix(";")
        # A line of its own, because the SELECT may end with a comment.
        return (
            f"SELECT * FROM (\n{inner}\n) AS answer WHERE {' AND '.join(where)} ORDER BY {order}",
            parameters,
        )


UNORDERED = Order(())
