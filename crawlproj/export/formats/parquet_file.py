"""Parquet, compressed with zstandard."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import parquet

from crawlproj.export.formats.base import Writer
from crawlproj.parquet.rows import TYPES, array_of
from crawlproj.store.plain_values import size_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crawlproj.export.selection import Column
    from crawlproj.store.item_rows import Kind

# A row group ends at one of these: long enough to be read fast, short enough to be kept.
_GROUP_ROWS, _GROUP_BYTES = 50_000, 32 * 1024 * 1024


class ParquetFile(Writer):
    """Whole numbers are int64, others double, text string, bytes binary."""

    typed = True

    def __init__(self, path: Path, table: str, columns: Sequence[Column]) -> None:  # noqa: ARG002
        self._kinds: list[Kind] = [column.kind or "text" for column in columns]
        names = [column.name for column in columns]
        self._schema = pa.schema(
            [(name, TYPES[kind]) for name, kind in zip(names, self._kinds, strict=True)]
        )
        self._file = parquet.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[Sequence[Any]] = []
        self._size = 0

    def write(self, row: Sequence[Any]) -> None:
        self._rows.append(row)
        self._size += size_of(row)
        if self._size >= _GROUP_BYTES or len(self._rows) >= _GROUP_ROWS:
            self._write_group()

    def _write_group(self) -> None:
        values = zip(*self._rows, strict=True)
        arrays = [array_of(column, kind) for column, kind in zip(values, self._kinds, strict=True)]
        self._rows, self._size = [], 0
        self._file.write_batch(pa.record_batch(arrays, schema=self._schema))

    def finish(self) -> str:
        if self._rows:
            self._write_group()
        self._file.close()
        return ""

    def abandon(self) -> None:
        with suppress(OSError, pa.ArrowException):  # the disk may refuse the last bytes again
            self._file.close()


FORMAT = ParquetFile
