"""The rows that are not in Parquet files yet, and the keys of all rows of the crawls.

A row is committed once its key is, in an SQLite file that all processes on this machine share; the
same transaction notes how long the segment is that has the row. So a row whose page is fetched
again, by whichever process, is known, and what a killed process had not committed does not count.
"""

from __future__ import annotations

import sqlite3
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from crawlproj.errors import StoreError
from crawlproj.parquet.rows import batch_of
from crawlproj.parquet.segment import SUFFIX, Segment
from crawlproj.private_files import create
from crawlproj.sqlite_locks import transaction

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crawlproj.parquet.rows import Row

_NAME = "keys.db"
_BUSY_TIMEOUT_S = 60.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS crawls (
    id INTEGER PRIMARY KEY, job TEXT NOT NULL UNIQUE, generation TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS keys (
    crawl INTEGER NOT NULL, key BLOB NOT NULL, PRIMARY KEY (crawl, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS segments (name TEXT PRIMARY KEY, size INTEGER NOT NULL) STRICT;
"""
_BAD_VALUE = (TypeError, ValueError, OverflowError, pa.ArrowException)


@dataclass(slots=True)
class Added:
    """The result of a write.

    known: how many rows were there already. rejected: index → why a row cannot be written.
    """

    known: int = 0
    rejected: dict[int, str] = field(default_factory=dict)


class Journal:
    """The journal in ``folder`` of the rows for ``url``. Not thread-safe.

    Each process appends to segments of its own. Raises StoreError if the disk or the database
    fails; nothing of that write then counts.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._url = url
        self._db: sqlite3.Connection | None = None
        self._segment: Segment | None = None
        self._crawls: dict[tuple[str, str], int] = {}

    def open(self) -> None:
        """Create or check the tables."""
        path = self._folder / _NAME
        try:
            create(path)
            self._db = db = sqlite3.connect(
                path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA journal_mode = WAL")
            with transaction(db):
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    db.execute(statement)
                db.execute("INSERT OR IGNORE INTO meta VALUES ('url', ?)", (self._url,))
                (url,) = db.execute("SELECT value FROM meta WHERE name = 'url'").fetchone()
            if url != self._url:
                raise StoreError(
                    f"PARQUET_JOURNAL: {self._folder} has rows for {url}, not for {self._url}; "
                    "name another folder"
                )
        except (OSError, sqlite3.Error) as exc:
            raise self._failure(exc) from exc

    @property
    def segment_size(self) -> int:
        """Bytes of the segment that is being written."""
        return self._segment.size if self._segment is not None else 0

    def add(self, rows: Sequence[Row]) -> Added:
        """Append those rows that are new. They then survive a SIGKILL."""
        added = Added()
        try:
            self._add(rows, added)
        except _BAD_VALUE:
            added.rejected = _rejected(rows)
            if not added.rejected:
                raise
            self._add([row for at, row in enumerate(rows) if at not in added.rejected], added)
        return added

    def _add(self, rows: Sequence[Row], added: Added) -> None:
        try:
            segment = self._segment = self._segment or self._begin()
            size = segment.size
            try:
                with transaction(self._connection()):
                    new = [row for row in rows if self._is_new(row)]
                    if new:
                        segment.append(batch_of(new).serialize())
                        self._connection().execute(
                            "INSERT OR REPLACE INTO segments VALUES (?, ?)",
                            (segment.name, segment.size),
                        )
            except BaseException:
                segment.cut(size)
                self._crawls.clear()
                raise
            added.known = len(rows) - len(new)
        except (OSError, sqlite3.Error) as exc:
            raise self._failure(exc) from exc

    def end_segment(self) -> Segment | None:
        """Return the segment that was written until now, for ``forget``; None if it is empty.

        Its rows survive a power failure.
        """
        segment, self._segment = self._segment, None
        if segment is None:
            return None
        try:
            segment.sync()
            db = self._connection()
            db.execute("PRAGMA synchronous = FULL")
            with transaction(db):
                db.execute("UPDATE segments SET size = size WHERE name = ?", (segment.name,))
            db.execute("PRAGMA synchronous = NORMAL")
        except (OSError, sqlite3.Error) as exc:
            self._segment = segment
            raise self._failure(exc) from exc
        return segment

    def leftovers(self) -> list[Segment]:
        """Return the segments of processes that have ended, for ``forget``."""
        query = "SELECT size FROM segments WHERE name = ?"
        found = []
        try:
            for path in sorted(self._folder.glob(f"*{SUFFIX}")):
                if (segment := Segment.leftover(path)) is None:
                    continue
                row = self._connection().execute(query, (segment.name,)).fetchone()
                if row is None:
                    segment.close(remove=True)  # nothing in it was committed
                else:
                    segment.size = row[0]
                    found.append(segment)
        except (OSError, sqlite3.Error) as exc:
            raise self._failure(exc) from exc
        return found

    def forget(self, segment: Segment) -> None:
        """Remove a segment whose rows are in Parquet files."""
        try:
            db = self._connection()
            with transaction(db):
                db.execute("DELETE FROM segments WHERE name = ?", (segment.name,))
            segment.close(remove=True)
        except (OSError, sqlite3.Error) as exc:
            raise self._failure(exc) from exc

    def close(self) -> None:
        """Close it. A segment that is being written stays for the next ``open``."""
        segment, self._segment = self._segment, None
        if segment is not None:
            segment.close()
        db, self._db = self._db, None
        if db is not None:
            db.close()

    def _begin(self) -> Segment:
        began = time.strftime("%Y%m%d%H%M%S", time.gmtime())
        return Segment.begin(self._folder / f"{began}-{uuid.uuid4().hex[:12]}{SUFFIX}")

    def _is_new(self, row: Row) -> bool:
        if row.crawl is None:
            return True
        crawl = self._crawls.get(row.crawl) or self._crawl(*row.crawl)
        cursor = self._connection().execute(
            "INSERT OR IGNORE INTO keys VALUES (?, ?)", (crawl, bytes.fromhex(row.key))
        )
        return cursor.rowcount > 0

    def _crawl(self, job: str, generation: str) -> int:
        """Return the id of a generation of a job; forget the keys of the one before."""
        db = self._connection()
        known = db.execute("SELECT id, generation FROM crawls WHERE job = ?", (job,)).fetchone()
        if known is not None and known[1] != generation:
            db.execute("DELETE FROM keys WHERE crawl = ?", (known[0],))
            db.execute("UPDATE crawls SET generation = ? WHERE id = ?", (generation, known[0]))
        elif known is None:
            cursor = db.execute("INSERT INTO crawls VALUES (NULL, ?, ?)", (job, generation))
            known = (cursor.lastrowid,)
        self._crawls[job, generation] = known[0]
        return int(known[0])

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            raise StoreError(f"the journal in {self._folder} is not open")
        return self._db

    def _failure(self, error: Exception) -> StoreError:
        return StoreError(
            f"PARQUET_JOURNAL: {self._folder} cannot be written ({error}); free space on its disk, "
            "or set PARQUET_JOURNAL to another folder"
        )


def _rejected(rows: Sequence[Row]) -> dict[int, str]:
    """Return index → why, of the rows that cannot be written."""
    found = {}
    for index, row in enumerate(rows):
        try:
            batch_of([row])
        except _BAD_VALUE as exc:
            found[index] = str(exc)
    return found
