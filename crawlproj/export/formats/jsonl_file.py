"""JSON Lines: an object a line, in UTF-8."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from crawlproj.export.formats.base import Writer
from crawlproj.store.plain_values import column_value

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crawlproj.export.selection import Column


class JsonlFile(Writer):
    """Columns that hold JSON are read; bytes are ``{"base64": "…"}``."""

    def __init__(self, path: Path, table: str, columns: Sequence[Column]) -> None:  # noqa: ARG002
        self._file = path.open("w", encoding="utf-8", errors="replace")
        self._names = [column.name for column in columns]

    def write(self, row: Sequence[Any]) -> None:
        values = {
            name: column_value(name, value) for name, value in zip(self._names, row, strict=True)
        }
        self._file.write(json.dumps(values, ensure_ascii=False, separators=(",", ":")) + "\n")

    def finish(self) -> str:
        self._file.close()
        return ""

    def abandon(self) -> None:
        with suppress(OSError):  # the disk may refuse the last bytes again
            self._file.close()


FORMAT = JsonlFile
