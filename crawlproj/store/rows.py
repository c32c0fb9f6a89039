"""The columns of the stores' tables, and rows as their values. Pure."""

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
"""By table; ``pages`` has ``duplicate_of`` besides, which the store itself fills."""

_encoder = ScrapyJSONEncoder(ensure_ascii=False, separators=(",", ":"))


def values_of(table: str, values: Mapping[str, Any]) -> list[Any]:
    """Return a row's values in the order of its table's columns.

    Raises ValueError or TypeError if what has no column is nothing that JSON can hold, or nested
    too deep for it.
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
            raise ValueError("it is nested too deep") from None
    return list(row.values())
