"""Stores pages, failures and items in an SQLite file, which may also hold the frontier."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from crawlproj.errors import StoreError
from crawlproj.open_paths import OpenPath
from crawlproj.private_files import create
from crawlproj.sqlite_locks import transaction, warn_if_locked
from crawlproj.store.base import CHECKS, HINTS, Checked, Row, StoreBusy, Stored
from crawlproj.store.rows import COLUMNS
from crawlproj.store.sqlite_hints import HINTS_TABLE
from crawlproj.store.sqlite_items import SqliteItems
from crawlproj.store.sqlite_pages import CHECKED, SqlitePages
from crawlproj.store.sqlite_search import create_search
from crawlproj.store.threaded import ThreadedStore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_T = TypeVar("_T")

SCHEMA_VERSION = 5
_BY_URL = {*COLUMNS, CHECKS}  # the tables of rows about a URL
_BUSY_TIMEOUT_S = 2.0
_OPEN_TIMEOUT_S, _OPEN_PAUSE_S = 30.0, 0.05  # while other processes create or write the file
# The columns that a refresh reads of every page stand before the texts: SQLite reads a row from
# its beginning.
_SCHEMA = (
    """
CREATE TABLE IF NOT EXISTS store_meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS pages (
    url TEXT NOT NULL PRIMARY KEY, requested_url TEXT, status INTEGER, title TEXT, depth INTEGER,
    fetched_at REAL, first_seen_at REAL, changed_at REAL, checked_at REAL, gone_at REAL, etag TEXT,
    last_modified TEXT, history TEXT, content_hash TEXT NOT NULL DEFAULT '',
    text_hash TEXT, signals TEXT, description TEXT,
    canonical TEXT, language TEXT, text TEXT, content_type TEXT,
    timings TEXT, duplicate_of TEXT, extra TEXT,
    markdown TEXT, main_text TEXT, main_markdown TEXT, structured_data TEXT, headings TEXT,
    images TEXT, html BLOB, file TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS pages_by_content ON pages (content_hash) WHERE content_hash <> '';
CREATE TABLE IF NOT EXISTS failures (
    url TEXT NOT NULL PRIMARY KEY, reason TEXT NOT NULL, detail TEXT, status INTEGER,
    depth INTEGER, failed_at REAL
) STRICT;
CREATE TABLE IF NOT EXISTS skipped (
    url TEXT NOT NULL PRIMARY KEY, reason TEXT NOT NULL, detail TEXT, depth INTEGER, skipped_at REAL
) STRICT;
CREATE TABLE IF NOT EXISTS dropped_items (
    _key TEXT NOT NULL PRIMARY KEY, _page TEXT, _extra TEXT, type TEXT, reason TEXT, detail TEXT,
    item TEXT, dropped_at REAL
) STRICT;
CREATE TABLE IF NOT EXISTS links (
    page TEXT NOT NULL, position INTEGER NOT NULL, url TEXT NOT NULL, text TEXT, rel TEXT,
    PRIMARY KEY (page, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS links_by_target ON links (url);
CREATE TABLE IF NOT EXISTS changes (
    seq INTEGER PRIMARY KEY, url TEXT NOT NULL, kind TEXT NOT NULL, at REAL NOT NULL, since REAL,
    previous BLOB
) STRICT;
CREATE INDEX IF NOT EXISTS changes_by_url ON changes (url) WHERE kind <> 'new';
"""
    + HINTS_TABLE
)
_TYPES = {
    "html": "BLOB",
    **dict.fromkeys(("first_seen_at", "changed_at", "checked_at", "gone_at"), "REAL"),
}
"""The types of columns that older schemas lack; all others are TEXT."""
_COUNT = {
    "pages": "SELECT count(*) FROM pages",
    "failures": "SELECT count(*) FROM failures",
    "skipped": "SELECT count(*) FROM skipped",
    "duplicates": "SELECT count(*) FROM pages WHERE duplicate_of IS NOT NULL",
}
_OF_THE_ROW = (
    *(sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError),
    *(OverflowError, ValueError, TypeError),
)
"""The errors of a value that SQLite cannot store; the other rows of a batch go on."""


class SqliteStore(ThreadedStore):
    """Stores pages, failures and items in an SQLite file, in WAL mode with synchronous=NORMAL.

    A committed batch survives a SIGKILL of this process. A power failure may lose the most recent
    commits, but never corrupts the file.

    Duplicates: among the pages with the same content_hash, the one stored first has duplicate_of
    NULL, and duplicate_of of all others is its URL. When the content of the first page changes, the
    next one takes its place.
    """

    searchable = True
    keeps_history = True
    refreshable = True

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        self._path = Path(path)
        self._db: sqlite3.Connection | None = None
        self._file: OpenPath | None = None

    def _call(self, function: Callable[[], _T]) -> _T:
        try:
            return function()
        except sqlite3.OperationalError as exc:
            if _is_busy(exc):
                raise StoreBusy(f"{self._path} is locked by another process: {exc}") from exc
            raise StoreError(
                f"{self._path} cannot be used: {exc}; check that its folder exists, is writable "
                "and has free space, or change STORE_URL"
            ) from exc
        except sqlite3.DatabaseError as exc:
            raise StoreError(
                f"{self._path} is not an SQLite database, or is damaged ({exc}); "
                "set STORE_URL to another file"
            ) from exc

    def _open(self) -> None:
        warn_if_locked(self._path)
        with contextlib.suppress(OSError):  # SQLite says what is wrong
            create(self._path)  # its other files get the same mode
        db = sqlite3.connect(
            self._path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            self._set_up_patiently(db)
        except BaseException:
            db.close()
            raise
        self._db, self._file = db, OpenPath(self._path)

    def _set_up_patiently(self, db: sqlite3.Connection) -> None:
        """Set the file up; wait while it is busy, because not every lock has SQLite's time-out."""
        deadline = time.monotonic() + _OPEN_TIMEOUT_S
        while True:
            try:
                self._set_up(db)
            except sqlite3.OperationalError as exc:
                if not _is_busy(exc) or time.monotonic() > deadline:
                    raise
                time.sleep(_OPEN_PAUSE_S)
            else:
                return

    def _set_up(self, db: sqlite3.Connection) -> None:
        db.execute("PRAGMA synchronous = NORMAL")  # before WAL, which syncs a new file
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA wal_autocheckpoint = 8000")  # pages of 4 KB; same as the frontier
        with transaction(db):  # before the checks: another worker may create the tables
            self._check_foreign(db)
            self._upgrade(db)
            for statement in filter(str.strip, _SCHEMA.split(";")):
                db.execute(statement)
            db.execute("INSERT OR IGNORE INTO store_meta VALUES ('schema', ?)", (SCHEMA_VERSION,))
            if self.search:
                create_search(db)

    def _upgrade(self, db: sqlite3.Connection) -> None:
        """Give the tables of an older crawlproj the new columns, and refuse a newer one's."""
        if not _has(db, "store_meta"):
            return
        (version,) = db.execute("SELECT value FROM store_meta WHERE name = 'schema'").fetchone()
        if version < SCHEMA_VERSION:
            # These may be the items of a class of that name.
            if version < 3 and _has(db, "changes"):
                db.execute("ALTER TABLE changes RENAME TO item_changes")
            if _has(db, HINTS):
                db.execute("ALTER TABLE hints RENAME TO item_hints")
            known = {name for (name,) in db.execute("SELECT name FROM pragma_table_info('pages')")}
            for column in COLUMNS["pages"]:
                if column not in known:
                    kind = _TYPES.get(column, "TEXT")
                    db.execute(f"ALTER TABLE pages ADD COLUMN {column} {kind}")
            db.execute("UPDATE store_meta SET value = ? WHERE name = 'schema'", (SCHEMA_VERSION,))
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"{self._path} was written by a newer crawlproj (store schema {version}, this "
                f"version supports {SCHEMA_VERSION}); upgrade crawlproj, or set STORE_URL to "
                "another file"
            )

    def _check_foreign(self, db: sqlite3.Connection) -> None:
        for table in (*COLUMNS, "links", "changes", HINTS):
            if _has(db, table) and not _has(db, "store_meta"):
                raise StoreError(
                    f"{self._path} has a table {table!r} that is not crawlproj's; "
                    "set STORE_URL to another file"
                )

    def _write(self, rows: Sequence[Row]) -> Stored:
        db = self._connection()
        if self._file is not None and self._file.lost:
            raise StoreError(
                f"{self._path} was deleted or replaced while it was open, with what it had; if it "
                "is not back, -s FRONTIER_RESET=1 fetches all of it again"
            )
        stored, items = Stored(), SqliteItems(db)
        checks: dict[str, float] = {}
        with transaction(db):
            pages = SqlitePages(db, rows, stored.changes, history=self.history)
            for index, row in enumerate(rows):
                try:
                    # The later row of a URL counts last. Of an item, url is any value.
                    if row.table in _BY_URL and row.values.get("url") in checks:
                        pages.note_unchanged(checks)
                        checks = {}
                    if row.table == CHECKS:
                        checks[str(row.values["url"])] = float(row.values["checked_at"])
                        continue
                    if row.table == "pages":
                        duplicate_of = pages.put_page(row.values)
                        if duplicate_of is not None:
                            stored.duplicates[index] = duplicate_of
                    elif row.table in COLUMNS or row.table == HINTS:
                        pages.put(row)
                    else:
                        items.put(row)
                except _OF_THE_ROW as exc:
                    stored.rejected[index] = f"{row.label}: {exc}"
            if checks:
                pages.note_unchanged(checks)
            pages.finish()
        return stored

    async def checked(self, table: str, start: str, end: str | None, limit: int) -> list[Checked]:
        """Read on the store's thread."""

        def read() -> list[Checked]:
            span = {"start": start, "end": end, "limit": limit}
            found = self._connection().execute(CHECKED[table], span)
            return [Checked(table, *row) for row in found]

        return await self._run(read)

    def _count(self) -> dict[str, int]:
        db = self._connection()
        return {name: db.execute(query).fetchone()[0] for name, query in _COUNT.items()}

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            raise StoreError(f"the store {self._path} is not open")
        return self._db

    def _close(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            db.close()


def _has(db: sqlite3.Connection, table: str) -> bool:
    return db.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)).fetchone() is not None


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
