"""Answers of endpoints: items with a cursor to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from crawlproj.serve.database.encoding import json_bytes
from crawlproj.store.plain_values import column_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def json_response(content: Any, headers: Mapping[str, str] | None = None) -> Response:
    """Return ``content`` as JSON."""
    return Response(json_bytes(content), 200, headers, "application/json")


def items_of(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Return rows as JSON objects."""
    return [
        {name: column_value(name, value) for name, value in zip(columns, row, strict=True)}
        for row in rows
    ]


def list_schema(item: Mapping[str, Any], **more: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON schema of a list of items. more: further fields of the answer."""
    return {
        "type": "object",
        "required": ["items", "next", *more],
        "properties": {
            "items": {"type": "array", "items": item},
            "next": {
                "type": ["string", "null"],
                "description": "the cursor of the next items; null if there are none",
            },
            **more,
        },
    }
