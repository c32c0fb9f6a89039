"""The contract of a format: it writes rows to a file as they come.

1. Memory does not grow with the rows.
2. A full disk raises OSError, and what the format cannot hold ExportError.
3. The file is complete once ``finish`` has returned. ``abandon`` frees what ``finish`` would have;
   the file is then useless.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crawlproj.export.selection import Column


class Writer(ABC):
    """Writes a table to ``path``, an empty file.

    typed: whether each of its columns must have one kind.
    """

    typed = False

    @abstractmethod
    def __init__(self, path: Path, table: str, columns: Sequence[Column]) -> None:
        """Begin the file."""

    @abstractmethod
    def write(self, row: Sequence[Any]) -> None:
        """Write a row: a value for each column."""

    @abstractmethod
    def finish(self) -> str:
        """Complete the file. Returns what its reader should know; "" if there is nothing."""

    @abstractmethod
    def abandon(self) -> None:
        """Close the file as it is. Raises nothing."""
