"""Rows as JSON and CSV. Pure."""

from __future__ import annotations

import base64
import csv
import io
import json
import math
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crawlproj.spreadsheets import disarmed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.serve.database.base import Form

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


def size_of(row: Sequence[Any]) -> int:
    """Return about how many bytes a row takes in memory and in an answer."""
    return sum(
        len(value) if isinstance(value, str | bytes | memoryview) else _FIXED_BYTES for value in row
    )


def json_bytes(value: Any) -> bytes:
    """Return JSON; half of a surrogate pair becomes "?"."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


class Encoder:
    """Encodes rows one after another. columns: their names; of equal ones, the last counts."""

    def __init__(self, form: Form, columns: Sequence[str]) -> None:
        self._form = form
        self._columns = list(columns)
        self._first = True

    def heading(self) -> bytes:
        """Return what an answer begins with: for CSV, the names of the columns."""
        return self._csv_line(self._columns) if self._form == "csv" else b""

    def row(self, row: Sequence[Any]) -> bytes:
        """Return a row, with what separates it from the one before."""
        if self._form == "csv":
            return self._csv_line([_cell(value) for value in row])
        values = [json_value(value) for value in row]
        if self._form == "ndjson":
            return json_bytes(dict(zip(self._columns, values, strict=True))) + b"\n"
        comma, self._first = b"" if self._first else b",", False
        return comma + json_bytes(values)

    @staticmethod
    def _csv_line(cells: Sequence[Any]) -> bytes:
        line = io.StringIO(newline="")
        csv.writer(line).writerow([disarmed(cell) for cell in cells])
        return line.getvalue().encode("utf-8", "replace")


def _cell(value: Any) -> Any:
    plain = json_value(value)
    if isinstance(plain, dict) and list(plain) == ["base64"]:
        return plain["base64"]
    return json.dumps(plain, ensure_ascii=False) if isinstance(plain, dict | list) else plain
