"""An Excel workbook with one sheet."""

from __future__ import annotations

import re
from contextlib import suppress
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile

from lxml.etree import LxmlError
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils.exceptions import WorkbookAlreadySaved
from openpyxl.writer.excel import ExcelWriter

from crawlproj.errors import ExportError
from crawlproj.export.formats.base import Writer
from crawlproj.spreadsheets import runs
from crawlproj.store.plain_values import cell_value

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crawlproj.export.selection import Column

MAX_ROWS = 1_048_576  # of a sheet, its heading included
_MAX_CHARACTERS = 32_767  # of a cell
_MAX_BYTES = 2 * _MAX_CHARACTERS  # in UTF-16
_EXACT = 10**15  # Excel keeps 15 digits of a number
_MAX_TITLE = 31
# openpyxl knows only the control characters of these.
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class XlsxFile(Writer):
    """Text that a spreadsheet would run is marked as text, as an apostrophe typed in Excel does.

    Numbers of more than 15 digits are text, and characters that XML cannot hold are U+FFFD.
    """

    def __init__(self, path: Path, table: str, columns: Sequence[Column]) -> None:
        self._path = path
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet(_title(table))
        self._rows = self._cut = 0
        self.write([column.name for column in columns])

    def write(self, row: Sequence[Any]) -> None:
        if self._rows == MAX_ROWS:
            raise ExportError(
                f"a sheet of Excel has at most {MAX_ROWS:,} rows: choose fewer with filters or "
                "--limit, or export to another format"
            )
        self._rows += 1
        try:
            self._sheet.append([self._cell(cell_value(value)) for value in row])
        except LxmlError as exc:
            raise OSError(f"{exc} in the temporary folder {gettempdir()}") from exc

    def _cell(self, value: Any) -> Any:
        if isinstance(value, int) and abs(value) >= _EXACT:
            value = str(value)
        if not isinstance(value, str):
            return value
        value = _NOT_IN_XML.sub("\ufffd", value)
        # Excel counts in UTF-16, where an emoji is two.
        if (
            2 * len(value) > _MAX_CHARACTERS
            and len(units := value.encode("utf-16-le")) > _MAX_BYTES
        ):
            value = units[:_MAX_BYTES].decode("utf-16-le", "ignore")
            self._cut += 1
        cell = WriteOnlyCell(self._sheet, value)
        cell.data_type = "s"  # not a formula, nor an error such as #N/A
        if runs(value):
            cell.quotePrefix = True  # it stays text when somebody edits it
        return cell

    def finish(self) -> str:
        archive = ZipFile(self._path, "w", ZIP_DEFLATED)
        try:
            ExcelWriter(self._book, archive).save()  # closes it
        except (LxmlError, OSError) as exc:
            _abandon(archive)
            raise OSError(str(exc)) from exc
        if not self._cut:
            return ""
        return f"texts cut to {_MAX_CHARACTERS:,} characters, the most of a cell: {self._cut:,}"

    def abandon(self) -> None:
        # Its generators must end here, or they complain when they are collected. openpyxl ends them
        # only in a row, and on a full disk each fails.
        with suppress(LxmlError, OSError, ValueError, StopIteration, WorkbookAlreadySaved):
            self._sheet.close()
        with suppress(LxmlError, OSError, ValueError, StopIteration):
            self._sheet._writer.close()  # noqa: SLF001


def _abandon(archive: ZipFile) -> None:
    """Let go of a file that cannot be completed, which would be tried again on its collection."""
    file, archive.fp = archive.fp, None
    if file is not None:
        with suppress(OSError):
            file.close()


def _title(table: str) -> str:
    """Return the name of a table as Excel takes it for a sheet."""
    plain = "".join("_" if character in "[]:*?/\\" else character for character in table)
    return plain.strip("'")[:_MAX_TITLE] or "table"


FORMAT = XlsxFile
