"""CSV, in UTF-8, with a line of column names."""

from __future__ import annotations

import csv
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from crawlproj.export.formats.base import Writer
from crawlproj.spreadsheets import disarmed
from crawlproj.store.plain_values import cell_value

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crawlproj.export.selection import Column


class CsvFile(Writer):
    """Text that a spreadsheet would run has an apostrophe before it; bytes are in base64."""

    def __init__(self, path: Path, table: str, columns: Sequence[Column]) -> None:  # noqa: ARG002
        self._file = path.open("w", encoding="utf-8", errors="replace", newline="")
        self._lines = csv.writer(self._file)
        self._lines.writerow([disarmed(column.name) for column in columns])

    def write(self, row: Sequence[Any]) -> None:
        self._lines.writerow([disarmed(cell_value(value)) for value in row])

    def finish(self) -> str:
        self._file.close()
        return ""

    def abandon(self) -> None:
        with suppress(OSError):  # the disk may refuse the last bytes again
            self._file.close()


FORMAT = CsvFile
