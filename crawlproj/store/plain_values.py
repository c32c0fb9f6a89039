"""The values of a store's columns, in the types of JSON and as cells of a table. Pure."""

from __future__ import annotations

import base64
import json
import math
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crawlproj.store.rows import JSON_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIXED_BYTES = 16  # of a value that is neither text nor bytes


def json_value(value: Any) -> Any:
    """Return a database's value in JSON's types: bytes as {"base64": …}, dates as ISO 8601."""
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and value == int(value) else str(value)
    if isinstance(value, dict):
        return {str(name): json_value(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(each) for each in value]
    return str(value)


def column_value(column: str, value: Any) -> Any:
    """Return the value of a column in JSON's types, read if it is a column with JSON in it."""
    if column in JSON_COLUMNS and isinstance(value, str):
        try:
            return json.loads(value, parse_constant=str)
        except (ValueError, RecursionError):
            return value
    return json_value(value)


def cell_value(value: Any) -> Any:
    """Return a database's value as text or a number: bytes in base64, lists and dicts as JSON."""
    plain = json_value(value)
    if isinstance(plain, dict) and list(plain) == ["base64"]:
        return plain["base64"]
    return json.dumps(plain, ensure_ascii=False) if isinstance(plain, dict | list) else plain


def size_of(row: Sequence[Any]) -> int:
    """Return about how many bytes a row takes in memory and in an answer."""
    return sum(
        len(value) if isinstance(value, str | bytes | memoryview) else _FIXED_BYTES for value in row
    )
