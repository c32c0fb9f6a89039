"""The lock that writers of an SQLite file take, and who has it."""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)

_MOMENT_S = 1.0  # other writers hold the lock for less
_LOCKS = Path("/proc/locks")


def warn_if_locked(path: Path) -> None:
    """Log a warning if another connection keeps ``path``, an SQLite file, locked for a second.

    Opening it would wait for up to a minute without a word.
    """
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, timeout=_MOMENT_S, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("ROLLBACK")
    except sqlite3.Error as error:  # whoever opens it next reports any other
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
            pids = lock_holders(path)
            logger.warning(
                "%s is locked by %s: the crawl waits; end that transaction (an open sqlite3 "
                "shell?) or that process",
                path,
                f"process {', '.join(map(str, pids))}" if pids else "another process",
            )


def lock_holders(path: Path) -> list[int]:
    """Return the ids of the processes that hold a write lock on the SQLite file ``path``.

    Empty where the system does not tell.
    """
    files = set()
    for name in (path, path.with_name(f"{path.name}-shm")):
        with suppress(OSError):
            status = name.stat()
            device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
            files.add(f"{device}:{status.st_ino}")
    holders = set()
    with suppress(OSError):
        for line in _LOCKS.read_text().splitlines():
            # 1: POSIX  ADVISORY  WRITE 1234 08:01:5678 0 EOF
            fields = line.split()
            if len(fields) == 8 and fields[3] == "WRITE" and fields[5] in files:
                holders.add(int(fields[4]))
    return sorted(holders)


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Run the block in one transaction, as the only writer; undo it if the block raises."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        # SQLite has already rolled back if the disk is full.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
