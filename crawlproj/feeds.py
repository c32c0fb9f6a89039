"""Scrapy's feeds, for files that only their owner may read and spreadsheets that run nothing."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from scrapy.exporters import CsvItemExporter
from scrapy.extensions.feedexport import FileFeedStorage

from crawlproj.private_files import create
from crawlproj.spreadsheets import disarmed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapy import Spider

__all__ = ["PrivateFileFeedStorage", "SafeCsvItemExporter"]


class PrivateFileFeedStorage(FileFeedStorage):
    """A file that is created with the mode 0600."""

    def open(self, spider: Spider) -> IO[bytes]:
        """Open the file, and create its folder if it is missing."""
        Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        create(self.path)
        return super().open(spider)


class SafeCsvItemExporter(CsvItemExporter):
    """CSV in which text that a spreadsheet would run has an apostrophe before it.

    Numbers stay as they are, also those that are text.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.csv_writer: Any = _DisarmingWriter(self.csv_writer)


class _DisarmingWriter:
    """The part of a csv.writer that the exporter uses."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def writerow(self, row: Iterable[Any]) -> None:
        self._writer.writerow([disarmed(cell) for cell in row])
