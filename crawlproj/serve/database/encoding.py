"""Rows as JSON and CSV. Pure."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from crawlproj.spreadsheets import disarmed
from crawlproj.store.plain_values import cell_value, json_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.serve.database.base import Form


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
            return self._csv_line([cell_value(value) for value in row])
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
