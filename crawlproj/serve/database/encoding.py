"""Rows as JSON and CSV, until an answer is full. Pure."""

from __future__ import annotations

import csv
import io
import json
import time
from typing import TYPE_CHECKING, Any

from crawlproj.serve.database.base import Encoded, Refused
from crawlproj.spreadsheets import disarmed
from crawlproj.store.plain_values import cell_value, json_value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawlproj.serve.database.base import Caps, Form

_SORTABLE = (str, int, float)


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


class Collector:
    """Encodes rows until the caps are reached.

    clock: seconds. Raises Refused if the answer lacks a column of the key, or has two of its name.
    """

    def __init__(
        self,
        form: Form,
        columns: Sequence[str],
        caps: Caps,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._columns = list(columns)
        for name in caps.key:
            if self._columns.count(name) != 1:
                raise Refused(f"order_by has {name!r}, which must be one column of the answer")
        self._caps = caps
        self._key = [self._columns.index(name) for name in caps.key]
        self._encoder = Encoder(form, columns)
        self._clock = clock
        self._until = clock() + caps.seconds
        self._chunks: list[bytes] = []
        self._size = 0
        self._last: list[Any] = []
        self._cut = ""

    def add(self, row: Sequence[Any]) -> bool:
        """Take a row; returns False if it does not fit, and the answer is cut before it.

        Raises Refused if the answer would be cut between two rows with the same key.
        """
        key = [row[index] for index in self._key]
        encoded = self._encoder.row(row)
        self._cut = self._reached(len(encoded))
        if self._cut:
            if key and key == self._last:
                raise Refused(
                    "several rows have the same values in the columns of order_by, and the answer "
                    "would be cut between them: add a column that tells them apart, such as url"
                )
            return False
        self._chunks.append(encoded)
        self._size += len(encoded)
        self._last = key
        return True

    def encoded(self) -> Encoded:
        """Return the answer. Raises Refused if nothing can go on after its last row."""
        last = [value for value in self._last if type(value) in _SORTABLE]
        if self._cut and len(last) < len(self._key):
            raise Refused(
                "a column of order_by has values that are neither text nor numbers: CAST it in the "
                "SELECT"
            )
        return Encoded(self._columns, self._chunks, len(self._chunks), last, self._cut)

    def _reached(self, more: int) -> str:
        if len(self._chunks) == self._caps.rows:
            return "rows"
        if not self._chunks:
            return ""  # never an answer without a row, which nothing could go on after
        if self._size + more > self._caps.bytes:
            return "bytes"
        return "time" if self._clock() > self._until else ""
