"""Items as rows: the name of their table, its columns, and the values in them. Pure.

A table of items grows with the items: a field becomes a column when an item first has a value for
it, and a column widens when a value does not fit.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal

from itemadapter import is_item
from scrapy.utils.serialize import ScrapyJSONEncoder

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["integer", "real", "numeric", "text", "blob"]
"""The type that a column holds; "numeric" is integers and reals together, of any size."""

OWN_COLUMNS = ("_key", "_page", "_extra")
"""The columns that every table of items has: its key, where an item came from, and as JSON the
fields that cannot be columns."""

MAX_COLUMNS = 300
"""How many fields are columns; PostgreSQL can keep some 400 long texts in a row."""

INTEGERS = range(-(2**63), 2**63)
"""The whole numbers that a column of either database holds."""

RENAME = "rename the item class, or set STORE_URL to another"
"""The advice for an item whose table cannot be used; a word for the database follows."""

_MAX_NAME_BYTES = 63  # PostgreSQL cuts longer names
_NUMBERS = frozenset({"integer", "real", "numeric"})
_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_RESERVED = frozenset(
    {
        *("pages", "failures", "skipped", "links", "changes", "hints"),
        *("dropped_items", "store_meta", "pages_search"),
    }
)
_RESERVED_PREFIXES = ("frontier_", "sqlite_", "pg_", "item_")


class _Encoder(ScrapyJSONEncoder):
    """Scrapy's encoder, for dates, sets and nested items; also takes what has text of its own."""

    def default(self, o: Any) -> Any:
        if isinstance(o, bytes):
            return base64.b64encode(o).decode()
        if isinstance(o, Enum):
            return o.value
        return str(o) if _has_text(o) else super().default(o)


_encoder = _Encoder(ensure_ascii=False, separators=(",", ":"))


def table_of(item_type: str) -> str:
    """Return the table for the items of a class: "BookReview" → "book_review".

    Items that are dicts are in ``items``. Names that have another meaning get the prefix "item_".
    """
    if item_type == "dict":
        return "items"
    name = _WORD_STARTS.sub("_", item_type).lower()
    if name in _RESERVED or name.startswith(_RESERVED_PREFIXES):
        return f"item_{name}"
    return name


def json_of(value: Any) -> str:
    """Return ``value`` as JSON. Raises TypeError or ValueError if it cannot be encoded."""
    try:
        text: str = _encoder.encode(value)
        text.encode()  # raises on lone surrogates
    except RecursionError:
        raise ValueError("a value is nested too deep for JSON") from None
    return text


def stored_as(value: Any) -> tuple[Kind, int | float | str | bytes]:
    """Return what is stored for a field's value, and its kind.

    Numbers, text and bytes stay, booleans become 1 and 0, dates ISO 8601, and what has text of its
    own (decimals, UUIDs, paths, URLs) that text. All others become JSON. Raises TypeError or
    ValueError if that is not possible.
    """
    if isinstance(value, Enum):
        return stored_as(value.value)
    if isinstance(value, int):  # bool is one
        return ("integer" if value in INTEGERS else "numeric"), int(value)
    if isinstance(value, float):
        return "real", float(value)
    if isinstance(value, str):
        value.encode()  # raises on lone surrogates
        return "text", str(value)
    if isinstance(value, bytes):
        return "blob", value
    if isinstance(value, datetime | date | time):
        return "text", value.isoformat()
    return stored_as(str(value)) if _has_text(value) else ("text", json_of(value))


def _has_text(value: Any) -> bool:
    """Whether the value's class says how it reads, unlike lists, dicts and plain objects."""
    own = type(value).__str__ is not object.__str__  # type: ignore[comparison-overlap]
    return own and not is_item(value)


def as_kind(value: int | float | str | bytes, kind: Kind) -> Any:
    """Return a stored value for a column of a wider kind."""
    if kind == "text":
        return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)
    return Decimal(str(value)) if kind == "numeric" else value


def widest(first: Kind, second: Kind) -> Kind:
    """Return the narrowest kind that holds values of both."""
    if first == second:
        return first
    return "numeric" if {first, second} <= _NUMBERS else "text"


@dataclass(slots=True)
class ItemTable:
    """The columns of a table of items, by name, in the order in which they were added.

    kinds: of its columns, without ``OWN_COLUMNS``.
    """

    kinds: dict[str, Kind] = field(default_factory=dict)
    _folded: dict[str, str] = field(init=False)  # databases do not tell "Price" from "price"

    def __post_init__(self) -> None:
        """Index the names."""
        self._folded = {name.lower(): name for name in self.kinds}

    def admit(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return column → value for an item, without its own columns except ``_extra``.

        Adds and widens columns in ``kinds``. A field that is None needs no column. Raises TypeError
        or ValueError naming the field if a value cannot be stored; the columns then stay.
        """
        stored: dict[str, tuple[Kind, Any]] = {}
        extra: dict[str, Any] = {}
        for name, value in values.items():
            if value is None:
                continue
            try:
                found = stored_as(value)
            except (TypeError, ValueError) as exc:
                raise ValueError(f"{name}: {exc}") from None
            if self._has_room_for(name):
                stored[name] = found
            else:
                extra[name] = value
        row = {name: value for name, (_, value) in stored.items()}
        row["_extra"] = json_of(extra) if extra else None
        for name, (kind, _) in stored.items():
            self.kinds[name] = widest(self.kinds.get(name, kind), kind)
        return row

    def _has_room_for(self, name: str) -> bool:
        """Whether a field is, or can become, a column."""
        folded = name.lower()
        if folded in self._folded:
            return self._folded[folded] == name
        if folded in OWN_COLUMNS or len(self._folded) >= MAX_COLUMNS or not is_name(name):
            return False
        self._folded[folded] = name
        return True


def is_name(name: str) -> bool:
    """Whether both databases take ``name`` for a table or a column."""
    try:
        return 0 < len(name.encode()) <= _MAX_NAME_BYTES and name.isprintable()
    except UnicodeEncodeError:
        return False
