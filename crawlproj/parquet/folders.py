"""Where Parquet files go: a folder on this machine, or one in S3 (see store/s3.py).

A file appears whole or not at all. One of the same name is replaced.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from crawlproj.private_files import sync_folder

if TYPE_CHECKING:
    from pathlib import Path


class Folder(Protocol):
    """A folder as the module docstring defines it. Blocks; its errors are OSErrors."""

    def open(self) -> None:
        """Check that it can be written."""

    def put(self, name: str, data: Any) -> None:
        """Write a file. name: its path in the folder. data: a pa.Buffer."""


class LocalFolder:
    """Keeps files with the mode 0600. A file that has its name survives a power failure."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self) -> None:
        """Make the folder."""
        self._path.mkdir(parents=True, exist_ok=True)

    def put(self, name: str, data: Any) -> None:
        """Write a file; what a killed process was writing is replaced."""
        path = self._path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(part, flags, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise
        for folder in path.relative_to(self._path).parents:
            sync_folder(self._path / folder)  # each of them may be new
