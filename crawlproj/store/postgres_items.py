"""Tables of items in a PostgreSQL database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.sql import SQL, Composed, Identifier

from crawlproj.store.item_rows import OWN_COLUMNS, RENAME, ItemTable, Kind, as_kind, is_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from psycopg import Connection

    from crawlproj.store.base import Row

_TYPES: dict[Kind, str] = {
    "integer": "bigint",
    "real": "double precision",
    "numeric": "numeric",
    "text": "text",
    "blob": "bytea",
}
KINDS = {name: kind for kind, name in _TYPES.items()}
_EXISTING = """
SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
WHERE attrelid = to_regclass(quote_ident(%s)) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""


def put_items(db: Connection[Any], name: str, rows: Mapping[int, Row]) -> dict[int, str]:
    """Upsert the items of a table, by their key, within the transaction that is open on ``db``.

    The transaction must keep other workers from changing the table. Returns those that cannot be
    stored, with the reason.
    """
    existing: dict[str, str] = {}
    if is_name(name):
        existing.update(db.execute(_EXISTING, (name,)).fetchall())
    if not is_name(name) or (existing and not set(OWN_COLUMNS) <= existing.keys()):
        problem = f"{name!r} is another program's table, or no name; {RENAME} database"
        return dict.fromkeys(rows, problem)
    before: dict[str, Kind] = {
        column: KINDS.get(kind, "text")
        for column, kind in existing.items()
        if column not in OWN_COLUMNS
    }
    table, admitted, rejected = ItemTable(dict(before)), dict[str, dict[str, Any]](), {}
    for index, row in rows.items():
        try:
            values = table.admit(row.values)
        except (TypeError, ValueError) as exc:
            rejected[index] = f"{row.label}: {exc}"
            continue
        admitted.pop(row.key, None)
        admitted[row.key] = {"_key": row.key, "_page": row.page, **values}
    if admitted:
        for statement in _alterations(Identifier(name), existing, before, table.kinds):
            db.execute(statement)
        kinds: dict[str, Kind] = {**dict.fromkeys(OWN_COLUMNS, "text"), **table.kinds}
        db.execute(_upsert(Identifier(name), kinds), _arrays(admitted.values(), kinds))
    return rejected


def printable(text: str) -> str:
    """Return ``text`` without NUL, which PostgreSQL cannot store."""
    return text.replace("\0", "\ufffd")


def _alterations(
    table: Identifier,
    existing: Mapping[str, str],
    before: Mapping[str, Kind],
    now: Mapping[str, Kind],
) -> Iterable[Composed]:
    """Yield what creates a table, or adds and widens its columns."""
    if not existing:
        yield SQL("CREATE TABLE {} (_key text PRIMARY KEY, _page text, _extra text)").format(table)
    for name, kind in now.items():
        column, kind_sql = Identifier(name), SQL(_TYPES[kind])
        if name not in before:
            yield SQL("ALTER TABLE {} ADD COLUMN {} {}").format(table, column, kind_sql)
        elif kind != before[name]:
            # By way of text: the cast from double precision to numeric drops digits.
            blob = SQL("encode({}, 'base64')").format(column)
            text = blob if before[name] == "blob" else SQL("{}::text").format(column)
            yield SQL("ALTER TABLE {} ALTER COLUMN {} TYPE {} USING {}::{}").format(
                table, column, kind_sql, text, kind_sql
            )


def _upsert(table: Identifier, kinds: Mapping[str, Kind]) -> Composed:
    """Return the statement that takes an array per column, each in binary."""
    columns = [Identifier(name.replace("%", "%%")) for name in kinds]  # % marks a parameter
    return SQL(
        "INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays}) "
        "ON CONFLICT (_key) DO UPDATE SET {updates}"
    ).format(
        table=table,
        names=SQL(", ").join(columns),
        arrays=SQL(", ").join(SQL(f"%b::{_TYPES[kind]}[]") for kind in kinds.values()),
        updates=SQL(", ").join(
            SQL("{0} = excluded.{0}").format(column) for column in columns if column != columns[0]
        ),
    )


def _arrays(rows: Iterable[Mapping[str, Any]], kinds: Mapping[str, Kind]) -> list[list[Any]]:
    """Return the values of each column, in the column's kind."""
    items = list(rows)
    return [[_fit(item.get(name), kind) for item in items] for name, kind in kinds.items()]


def _fit(value: Any, kind: Kind) -> Any:
    if value is None:
        return None
    wide = as_kind(value, kind)
    return printable(wide) if isinstance(wide, str) else wide
