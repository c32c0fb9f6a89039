"""Connections to an SQLite file that cannot write, and see no more than they should."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING, Any

from crawlproj.serve.database.base import DatabaseError, NotThere, Refused, Rows, TookTooLong
from crawlproj.serve.database.encoding import Collector
from crawlproj.store.plain_values import size_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from crawlproj.serve.database.base import Caps, Encoded, Form

_BUSY_S = 1.0
_MAX_VALUE = 32 * 1024 * 1024  # bytes: the largest page is 16 MiB
_CACHE_KB = 16_384

# The actions of a reader. Everything else is refused: writing, ATTACH, PRAGMA, transactions.
_READS = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}
_FUNCTIONS = {"load_extension", "fts3_tokenizer", "writefile", "readfile", "edit"}
# The frontier keeps headers, cookies and bodies of requests that still wait.
_HIDDEN = re.compile(r"frontier_|sqlite_(?!schema|master)", re.IGNORECASE)


def open_reader(path: Path) -> sqlite3.Connection:
    """Open ``path`` for reading alone. Any thread may use it, one at a time.

    Raises NotThere if there is no such file, sqlite3.Error.
    """
    if not path.is_file():
        raise NotThere(f"{path} does not exist yet: run a crawl that stores its pages there")
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        timeout=_BUSY_S,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    try:
        db.execute("PRAGMA query_only = 1")
        db.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
        db.execute("PRAGMA trusted_schema = 0")
        db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE)
        db.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        db.text_factory = _text
        db.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # is it a database?
        db.set_authorizer(_authorize)
    except BaseException:
        db.close()
        raise
    return db


def read_rows(db: sqlite3.Connection, sql: str, parameters: Mapping[str, Any], caps: Caps) -> Rows:
    """Return the rows of a query. Raises sqlite3.Error, Refused."""
    cursor = _query(db, sql, parameters)
    rows: list[Any] = []
    size = 0
    try:
        for row in cursor:
            if len(rows) == caps.rows:
                return Rows(rows, "rows")
            size += size_of(row)
            if size > caps.bytes and rows:
                return Rows(rows, "bytes")
            rows.append(row)
        return Rows(rows)
    finally:
        cursor.close()


def encode_rows(
    db: sqlite3.Connection, sql: str, parameters: Mapping[str, Any], caps: Caps, form: Form
) -> Encoded:
    """Return the rows of a query, encoded. Raises sqlite3.Error, Refused."""
    cursor = _query(db, sql, parameters)
    try:
        columns = [column[0] for column in cursor.description or ()]
        collector = Collector(form, columns, caps)
        for row in cursor:
            if not collector.add(row):
                break
        return collector.encoded()
    finally:
        cursor.close()


def _query(db: sqlite3.Connection, sql: str, parameters: Mapping[str, Any]) -> sqlite3.Cursor:
    """Begin a query. Refuses what sqlite3 itself does about a call of ours."""
    try:
        return db.execute(sql, parameters)
    except sqlite3.ProgrammingError as exc:
        raise Refused(str(exc)) from exc
    except (sqlite3.Warning, OverflowError, ValueError) as exc:
        raise Refused(str(exc)) from exc


def explained(error: sqlite3.Error, path: Path) -> DatabaseError:
    """Return the error for a query that failed."""
    code = getattr(error, "sqlite_errorcode", None)
    text = str(error)
    if "no such table: pages_search" in text:
        return NotThere(
            f"{path} has no search index: set STORE_SEARCH=1 and run the crawl again; it indexes "
            "the pages that are there"
        )
    if re.search(r"no such table: (main\.)?(pages|failures|skipped|links)$", text):
        return NotThere(f"{path} has no pages yet: run a crawl that stores its pages there")
    if code == sqlite3.SQLITE_AUTH:
        return Refused(
            f"{text}: send one SELECT that only reads; ATTACH and PRAGMA are refused, and so are "
            "the frontier's tables"
        )
    if code == sqlite3.SQLITE_INTERRUPT:
        return TookTooLong("the query was cancelled, because it took too long; ask for less")
    if code is not None and code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return DatabaseError(f"{path} is locked by a writer; ask again")
    if code is not None and code & 0xFF in {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
    }:
        return DatabaseError(f"{path} cannot be read ({text}); check the file")
    return Refused(text)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _authorize(action: int, first: Any, second: Any, _: Any, __: Any) -> int:
    if action == sqlite3.SQLITE_PRAGMA:  # the full-text index asks whether the file has changed
        return sqlite3.SQLITE_OK if first == "data_version" else sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_UPDATE and first in {"sqlite_master", "sqlite_schema"}:
        return sqlite3.SQLITE_OK  # a virtual table names its columns; no statement can do this
    if action not in _READS:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_READ and first and _HIDDEN.match(first):
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION and second in _FUNCTIONS:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK
