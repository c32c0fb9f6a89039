"""Files that only their owner may read: pages, logs and feeds may hold what is nobody else's."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def opener(path: str, flags: int) -> int:
    """Open a file as ``open(…, opener=opener)`` does; a new one gets the mode 0600."""
    return os.open(path, flags, 0o600)


def create(path: str | Path) -> None:
    """Create ``path`` with the mode 0600 if it does not exist. Raises OSError.

    One that exists keeps its mode and its content, and is not opened: closing a file ends all POSIX
    locks of this process on it. Without them, SQLite in another process would take a database that
    is in use here for one that nobody uses, delete its write-ahead log, and so destroy it.
    """
    target = os.path.realpath(path)  # O_EXCL takes a link whose target is missing for a file
    with suppress(FileExistsError):
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def write_whole(path: Path, text: str) -> None:
    """Replace a file atomically: a reader sees the old text or the new one. Raises OSError."""
    new = path.with_name(f".{path.name}.part")
    with open(new, "w", encoding="utf-8", opener=opener) as file:
        file.write(text)
    new.replace(path)


def sync_folder(folder: Path) -> None:
    """Let the names of the files in a folder survive a power failure. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
