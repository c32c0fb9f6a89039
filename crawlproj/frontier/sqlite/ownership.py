"""One owner per job of a file: an advisory lock that ends with its process."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from crawlproj.errors import FrontierError, FrontierInUse

if TYPE_CHECKING:
    from pathlib import Path

_TRIES, _PAUSE_S = 10, 0.02  # is_running() holds the lock for a moment


class JobLock:
    """flock(2) on ``<path>.<job>.lock``, which contains the owner's pid.

    The kernel releases the lock whenever the owner dies, so a lock is never stale. An owner that
    closes in order removes the file; others notice that they have locked a file that is gone.

    number: of the job in the file ``path``. name: of the job, for messages.
    """

    def __init__(self, path: Path, number: int, name: str) -> None:
        self._owned = f"job {name!r} of frontier file {path}"
        self._path = _lock_file(path, number)
        self._fd: int | None = None

    def acquire(self) -> None:
        """Lock the job; does nothing if this object already holds the lock.

        Raises FrontierInUse, which names the owner's pid, if another crawl holds the lock, and
        FrontierError if the lock file cannot be created or locked.
        """
        tries = _TRIES
        while self._fd is None:
            try:
                fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            except OSError as error:
                raise FrontierError(
                    f"{self._owned}: cannot create {self._path.name} beside it "
                    f"({error.strerror}); check that the folder {self._path.parent} exists and is "
                    "writable"
                ) from error
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                pid = os.read(fd, 20).decode(errors="replace")
                os.close(fd)
                tries -= 1
                if not tries:
                    raise FrontierInUse(self._in_use(pid)) from error
                time.sleep(_PAUSE_S)
                continue
            except OSError as error:
                os.close(fd)
                raise FrontierError(
                    f"cannot lock {self._path}: {error.strerror}; put the frontier on a local disk"
                ) from error
            if _is_file(fd, self._path):
                os.truncate(fd, 0)
                os.write(fd, str(os.getpid()).encode())
                self._fd = fd
            else:
                os.close(fd)  # its owner has just removed it

    def _in_use(self, pid: str) -> str:
        if pid == str(os.getpid()):
            return (
                f"{self._owned} is in use by another crawl of this process: give each an argument "
                "or a FRONTIER_JOB of its own, run one after the other, or set "
                "FRONTIER_URL=memory: if an interrupted crawl need not continue"
            )
        return (
            f"{self._owned} is in use by process {pid or 'unknown'}: wait for that crawl to end, "
            "stop it, or give this crawl another FRONTIER_JOB"
        )

    def release(self) -> None:
        """Release the lock. Idempotent."""
        if self._fd is not None:
            with suppress(FileNotFoundError):
                self._path.unlink()
            os.close(self._fd)
            self._fd = None


def is_running(path: Path, number: int) -> bool:
    """Return whether a crawl works on job ``number`` of the frontier file ``path``."""
    try:
        fd = os.open(_lock_file(path, number), os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(fd)


def _lock_file(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}.lock")


def _is_file(fd: int, path: Path) -> bool:
    """Return whether ``path`` still names the file that ``fd`` is open on."""
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False
