"""One owner per file: an advisory lock that dies with its process."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from crawlproj.errors import FrontierError, FrontierInUse

if TYPE_CHECKING:
    from pathlib import Path


class FileLock:
    """flock(2) on ``<path>.lock``, which holds the owner's pid while it is locked.

    The kernel frees the lock when the owner dies, however it dies, so a lock is never stale. The
    lock file itself stays: removing it would let two processes lock two files of that name.
    """

    def __init__(self, path: Path) -> None:
        self._owned = path
        self._path = path.with_name(f"{path.name}.lock")
        self._fd: int | None = None

    def acquire(self) -> None:
        """Lock, or do nothing if this object has it.

        Raises FrontierInUse naming the owner's pid, FrontierError if the lock cannot be made.
        """
        if self._fd is not None:
            return
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise FrontierError(
                f"frontier file {self._owned}: cannot create {self._path.name} beside it "
                f"({error.strerror}); check that the folder {self._path.parent} exists and may be "
                "written"
            ) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.truncate(fd, 0)
            os.write(fd, str(os.getpid()).encode())
        except BlockingIOError as error:
            pid = os.read(fd, 20).decode(errors="replace") or "unknown"
            os.close(fd)
            raise FrontierInUse(
                f"frontier file {self._owned} is in use by process {pid}: wait for that crawl or "
                "stop it, or give this one another file"
            ) from error
        except OSError as error:
            os.close(fd)
            raise FrontierError(f"cannot lock {self._path}: {error.strerror}") from error
        self._fd = fd

    def release(self) -> None:
        """Unlock. Idempotent."""
        if self._fd is not None:
            os.truncate(self._fd, 0)
            os.close(self._fd)
            self._fd = None
