"""One owner per file: an advisory lock that ends with its process."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from crawlproj.errors import FrontierError, FrontierInUse

if TYPE_CHECKING:
    from pathlib import Path


class FileLock:
    """flock(2) on ``<path>.lock``, which contains the owner's pid while it is locked.

    The kernel releases the lock whenever the owner dies, so a lock is never stale. The lock file is
    never removed: otherwise two processes could lock two different files of that name.
    """

    def __init__(self, path: Path) -> None:
        self._owned = path
        self._path = path.with_name(f"{path.name}.lock")
        self._fd: int | None = None

    def acquire(self) -> None:
        """Lock the file; does nothing if this object already holds the lock.

        Raises FrontierInUse, which names the owner's pid, if another process holds the lock, and
        FrontierError if the lock file cannot be created or locked.
        """
        if self._fd is not None:
            return
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise FrontierError(
                f"frontier file {self._owned}: cannot create {self._path.name} beside it "
                f"({error.strerror}); check that the folder {self._path.parent} exists and is "
                "writable"
            ) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.truncate(fd, 0)
            os.write(fd, str(os.getpid()).encode())
        except BlockingIOError as error:
            pid = os.read(fd, 20).decode(errors="replace") or "unknown"
            os.close(fd)
            raise FrontierInUse(
                f"frontier file {self._owned} is in use by process {pid}: wait for that crawl to "
                "end, stop it, or give this crawl another file"
            ) from error
        except OSError as error:
            os.close(fd)
            raise FrontierError(
                f"cannot lock {self._path}: {error.strerror}; put the frontier on a local disk"
            ) from error
        self._fd = fd

    def release(self) -> None:
        """Release the lock. Idempotent."""
        if self._fd is not None:
            os.truncate(self._fd, 0)
            os.close(self._fd)
            self._fd = None
