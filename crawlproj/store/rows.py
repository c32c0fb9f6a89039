"""The columns of the tables, and the conversion of rows to their values. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from scrapy.utils.serialize import ScrapyJSONEncoder

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMNS: dict[str, tuple[str, ...]] = {
    "pages": (
        *("url", "requested_url", "status", "title", "description", "canonical", "language"),
        *("text", "content_type", "content_hash", "depth", "fetched_at", "timings"),
        "extra",
    ),
    "failures": ("url", "reason", "detail", "status", "depth", "failed_at"),
}
"""Table → columns. ``pages`` also has ``duplicate_of``, which the store fills in."""

_encoder = ScrapyJSONEncoder(ensure_ascii=False, separators=(",", ":"))


def values_of(table: str, values: Mapping[str, Any]) -> list[Any]:
    """Return the values of a row in the order of its table's columns.

    Raises TypeError or ValueError if a value without a column cannot be encoded as JSON.
    """
    columns = COLUMNS[table]
    row = {column: values.get(column) for column in columns}
    if table == "pages":
        row["content_hash"] = row["content_hash"] or ""
        row["timings"] = json.dumps(row["timings"]) if row["timings"] else None
        known = {*columns, "duplicate_of"}
        extra = {name: value for name, value in values.items() if name not in known}
        try:
            row["extra"] = _encoder.encode(extra) if extra else None
        except RecursionError:
            raise ValueError("a value is nested too deep for JSON") from None
    return list(row.values())
