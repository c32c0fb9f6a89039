"""The columns of the tables, and the conversion of rows to their values. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from crawlproj.store.item_rows import json_of

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMNS: dict[str, tuple[str, ...]] = {
    "pages": (
        *("url", "requested_url", "status", "title", "description", "canonical", "language"),
        *("text", "content_type", "content_hash", "depth", "fetched_at", "timings"),
        *("markdown", "main_text", "main_markdown", "structured_data", "headings", "images"),
        *("html", "extra", "etag", "last_modified", "text_hash", "signals", "first_seen_at"),
        *("changed_at", "checked_at", "gone_at", "history", "file"),
    ),
    "failures": ("url", "reason", "detail", "status", "depth", "failed_at"),
    "skipped": ("url", "reason", "detail", "depth", "skipped_at"),
}
"""Table → columns. ``pages`` also has ``duplicate_of``, which the store fills in."""

JSON_COLUMNS = frozenset(
    {"timings", "extra", "structured_data", "headings", "images", "signals", "history"}
)
"""The columns of ``pages`` with JSON in them."""

LINK_COLUMNS = ("page", "position", "url", "text", "rel")
"""The columns of ``links``: the links out of a page, by their position in it, from 0."""

CHANGE_COLUMNS = ("url", "kind", "at", "since", "previous")
"""The columns of ``changes``: what happened to a page, between two checks."""


def values_of(table: str, values: Mapping[str, Any]) -> list[Any]:
    """Return the values of a row in the order of its table's columns.

    Raises TypeError or ValueError if a value without a column cannot be encoded as JSON.
    """
    columns = COLUMNS[table]
    row = {column: values.get(column) for column in columns}
    if table == "pages":
        row["content_hash"] = row["content_hash"] or ""
        for name in ("timings", "signals"):
            row[name] = json.dumps(row[name]) if row[name] else None
        known = {*columns, "duplicate_of", "links"}
        extra = {name: value for name, value in values.items() if name not in known}
        row["extra"] = json_of(extra) if extra else None
    return list(row.values())


def links_of(values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return the rows of ``links`` that a page's ``links`` stand for.

    Raises ValueError if they are not a list of dicts with a "url".
    """
    try:
        links = [
            (link["url"], link.get("text", ""), link.get("rel", ""))
            for link in values.get("links") or ()
        ]
        for texts in links:
            "".join(texts).encode()  # raises on lone surrogates
    except (TypeError, KeyError, AttributeError):
        raise ValueError('links must be a list of dicts with a "url"') from None
    return [(values["url"], position, *texts) for position, texts in enumerate(links)]
