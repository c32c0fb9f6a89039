"""Connections to the SQLite frontier's file, and its errors in plain words."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from crawlproj.errors import FrontierError
from crawlproj.private_files import create

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# With synchronous=NORMAL a commit in WAL mode survives SIGKILL; a power cut may lose the last
# commits but leaves the file intact. Keys are random, so each put changes a different page: a large
# cache and rare checkpoints (every 8000 pages) collect many puts before a page is written.
PRAGMAS = (
    "PRAGMA synchronous = NORMAL",
    "PRAGMA cache_size = -65536",
    "PRAGMA wal_autocheckpoint = 8000",
)

OTHERS_BUSY_S = 10.0
"""How long those who do not own a job wait for another connection's transaction."""

_ADVICE = {
    sqlite3.SQLITE_BUSY: "another connection keeps it locked: end its transaction (an open "
    "sqlite3 shell?), then run again",
    sqlite3.SQLITE_FULL: "free some disk space and run again; everything written so far is kept",
    sqlite3.SQLITE_NOTADB: "give the path of a new file, or of one that this project wrote",
    sqlite3.SQLITE_CANTOPEN: "check that its folder exists, that it is a file, and that both are "
    "writable",
    sqlite3.SQLITE_IOERR: "check that its disk works and has free space",
    sqlite3.SQLITE_READONLY: "check that the file and its folder are writable",
    sqlite3.SQLITE_CORRUPT: "the file is damaged: recover it with `sqlite3 FILE .recover`, or "
    "start again with another file",
}


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into FrontierErrors that name the file and say what to do."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        advice = f"; {_ADVICE[code]}" if code in _ADVICE else ""
        raise FrontierError(f"frontier file {path}: {error}{advice}") from error
    except (OverflowError, UnicodeEncodeError) as error:
        raise FrontierError(
            f"frontier file {path}: {error}; keys are signed 64-bit, text must be valid Unicode"
        ) from error


def connect(path: Path, *, busy_s: float) -> sqlite3.Connection:
    """Open ``path`` for writing; it is created if missing.

    busy_s: max time to wait for another connection's transaction, in seconds.
    """
    with suppress(OSError):  # SQLite says what is wrong
        create(path)  # its other files get the same mode
    db = sqlite3.connect(path, timeout=busy_s, isolation_level=None)
    try:
        for pragma in PRAGMAS:  # before WAL, which syncs a new file
            db.execute(pragma)
        _use_wal(db, busy_s)
    except BaseException:
        db.close()
        raise
    return db


def _use_wal(db: sqlite3.Connection, busy_s: float) -> None:
    """Switch the file to WAL, and wait while it is busy: for this statement SQLite does not."""
    deadline = time.monotonic() + busy_s
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


@contextmanager
def read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """Open one consistent snapshot of ``path``, even while a crawl writes to it."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=OTHERS_BUSY_S, isolation_level=None)) as db:
        db.execute("BEGIN")
        yield db
