"""Stores pages, failures and items in a PostgreSQL database, which many workers can share."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg import conninfo, errors

from crawlproj.errors import StoreError
from crawlproj.store import postgres_sql as sql
from crawlproj.store.base import CHECKS, HINTS, Checked, Row, StoreBusy, Stored
from crawlproj.store.postgres_changes import Changes, note_missing, note_unchanged
from crawlproj.store.postgres_items import printable, put_items
from crawlproj.store.rows import COLUMNS, links_of, values_of
from crawlproj.store.threaded import ThreadedStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_T = TypeVar("_T")

SCHEMA_VERSION = 5
# An advisory lock on the whole store, held from the merge of a batch to its commit, so that one
# worker at a time decides which page of a content is the first. Any constant would do.
_LOCK = int.from_bytes(b"crawlprj", "big")
_TIMEOUTS = {
    "connect_timeout": "5",  # seconds
    "tcp_user_timeout": "20000",  # ms without an acknowledgement until the server counts as lost
    # Detects a server that dies while we wait for its answer and have sent nothing to acknowledge.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
}
# SQLSTATEs that pass, although their class stands for errors of the program: still connected to the
# former primary after a failover; this process stood still during a transaction.
_PASSING = {"25006", "25P03", "25P04"}
_LOST = {"08", "57"}  # classes of SQLSTATEs: the connection, and who ended it
_INTEGERS = range(-(2**63), 2**63)
_MAX_INDEXED_BYTES = 2600  # a B-tree entry takes at most a third of an 8 KB page
_INDEXED = {"url", "content_hash"}
_REQUIRED = {"url", "reason"}


class PostgresStore(ThreadedStore):
    """Stores pages, failures and items; any number of workers may write at the same time.

    A batch is merged in one transaction, and the transactions of different workers take turns.
    Nothing is left in the session, so that a pooler (PgBouncer) may give each transaction another
    one. A committed batch survives a SIGKILL, and a server crash as far as the server's
    ``synchronous_commit`` promises.

    Duplicates are marked as in SqliteStore; the first page is the one committed first.

    url: postgresql://user:password@host/database, or any other connection string of libpq. Raises
        ValueError if libpq cannot parse it; the message omits the password.
    """

    searchable = True
    keeps_history = True
    refreshable = True

    def __init__(self, url: str) -> None:
        super().__init__()
        try:
            given = conninfo.conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            # libpq's message may repeat the password.
            raise ValueError("libpq cannot parse it") from None
        if not all(port.isdigit() for port in str(given.get("port") or 0).split(",")):
            raise ValueError("its port is not a number")
        parameters: dict[str, Any] = _TIMEOUTS | given
        self._conninfo = conninfo.make_conninfo(**parameters)
        self._place = f"{given.get('host', 'localhost')}/{given.get('dbname', '')}"
        self._db: psycopg.Connection[Any] | None = None

    def _call(self, function: Callable[[], _T]) -> _T:
        try:
            return function()
        except (
            errors.LockNotAvailable,
            errors.DeadlockDetected,
            errors.SerializationFailure,
            errors.TooManyConnections,
            errors.QueryCanceled,
        ) as exc:
            raise StoreBusy(f"PostgreSQL at {self._place} is busy: {_line(exc)}") from exc
        except (
            errors.InvalidPassword,
            errors.InvalidAuthorizationSpecification,
            errors.InvalidCatalogName,
            errors.InsufficientPrivilege,
        ) as exc:
            raise self._unusable(exc) from exc
        except psycopg.Error as exc:
            lost = isinstance(exc, psycopg.OperationalError | psycopg.InterfaceError)
            if not lost and exc.sqlstate not in _PASSING:
                raise self._unusable(exc) from exc
            # The transaction may or may not have been committed. Repeating an upsert is safe.
            self._close()
            is_answer = exc.sqlstate is not None and exc.sqlstate[:2] not in _LOST
            does = "refuses to write for now" if is_answer else "is unreachable"
            raise StoreBusy(f"PostgreSQL at {self._place} {does}: {_line(exc)}") from exc

    def _unusable(self, exc: Exception) -> StoreError:
        return StoreError(
            f"PostgreSQL at {self._place} cannot be used: {_line(exc)}; check the database, user "
            "and privileges, or change STORE_URL"
        )

    def _open(self) -> None:
        db = self._connection()
        with db.transaction():
            db.execute(sql.LIMITS)
            db.execute(sql.LOCK, (_LOCK,))
            if _one(db, sql.FOREIGN):
                raise StoreError(
                    f"PostgreSQL at {self._place} has a table 'pages' or 'failures' that is not "
                    "crawlproj's; set STORE_URL to another database"
                )
            version = _version(db)
            if version < SCHEMA_VERSION:
                # These may be the items of a class of that name.
                if version < 3 and _one(db, sql.HAS_CHANGES):
                    db.execute(b"ALTER TABLE changes RENAME TO item_changes")
                if _one(db, sql.HAS_HINTS):
                    db.execute(b"ALTER TABLE hints RENAME TO item_hints")
                db.execute(sql.ADD_COLUMNS)
                db.execute(
                    "UPDATE store_meta SET value = %s WHERE name = 'schema'", (SCHEMA_VERSION,)
                )
            if _one(db, sql.MAY_CHANGE_SCHEMA):
                db.execute(sql.SCHEMA)
                db.execute(
                    "INSERT INTO store_meta VALUES ('schema', %s) ON CONFLICT DO NOTHING",
                    (SCHEMA_VERSION,),
                )
            if self.search and not _one(db, sql.HAS_SEARCH):
                db.execute(sql.SEARCH)
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"PostgreSQL at {self._place} was written by a newer crawlproj (store schema "
                f"{version}, this version supports {SCHEMA_VERSION}); upgrade crawlproj, or set "
                "STORE_URL to another database"
            )

    def _connection(self) -> psycopg.Connection[Any]:
        if self._db is None:
            # A prepared statement would belong to the session.
            self._db = psycopg.connect(self._conninfo, autocommit=True, prepare_threshold=None)
        return self._db

    def _write(self, rows: Sequence[Row]) -> Stored:
        batch = _Batch(rows)
        pages, stored = batch.rows["pages"], Stored(batch.rejected)
        db = self._connection()
        with db.transaction():
            db.execute(sql.LIMITS)
            db.execute(sql.LOCK, (_LOCK,))
            if batch.checks:
                note_unchanged(db, batch.checks)
            for noted_at, hints in batch.hints:
                db.execute(sql.PUT_HINTS, (noted_at, noted_at, *_columns(hints)))
            changes = Changes(db, pages, history=self.history)
            gone = note_missing(db, batch.rows["failures"])
            for table, values in batch.rows.items():
                if values:
                    db.execute(sql.UPSERT[table], _columns(values.values()))
                    for statement in sql.END_OTHERS[table]:
                        db.execute(statement, (list(values),))
            if batch.links:
                db.execute(sql.PUT_LINKS, _columns(batch.links))
            for name, items in batch.items.items():
                stored.rejected.update(put_items(db, name, items))
            duplicates = changes.settle()
        stored.changes.update(changes.kinds + Counter(gone=gone))
        for url, first in duplicates.items():
            stored.duplicates[batch.index[url]] = first
        return stored

    async def checked(self, table: str, start: str, end: str | None, limit: int) -> list[Checked]:
        """Read on the store's thread."""

        def read() -> list[Checked]:
            span = {"start": start, "end": end, "limit": limit}
            found = self._connection().execute(sql.CHECKED[table], span).fetchall()
            return [Checked(table, *row) for row in found]

        return await self._run(read)

    def _count(self) -> dict[str, int]:
        db = self._connection()
        return {name: _one(db, query) for name, query in sql.COUNT.items()}

    def _close(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            db.close()


class _Batch:
    """The rows of a write, as they can be stored.

    rows: table → url → values of its columns; only the last row of a URL, in one table.
    checks: URL → when its page was as it was. index: URL of a page → its index in the batch.
    hints: when they were noted, and their rows.
    links: of the pages. items: table → index → row.
    rejected: index → why it cannot be stored.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows: dict[str, dict[str, list[Any]]] = {table: {} for table in COLUMNS}
        self.index: dict[str, int] = {}
        self.items: dict[str, dict[int, Row]] = {}
        self.checks: dict[str, float] = {}
        self.hints: list[tuple[float, list[Sequence[Any]]]] = []
        self.rejected: dict[int, str] = {}
        links: dict[str, list[tuple[Any, ...]]] = {}
        for index, row in enumerate(rows):
            if row.table == CHECKS:
                url = str(row.values["url"])
                self.checks[url] = float(row.values["checked_at"])
                self._forget(url)
                continue
            if row.table == HINTS:
                self.hints.append((row.values["noted_at"], _hints_in(row)))
                continue
            if row.table not in COLUMNS:
                self.items.setdefault(row.table, {})[index] = row
                continue
            try:
                values, outgoing = _checked(row), links_of(row.values)
            except (ValueError, TypeError, OverflowError) as exc:
                self.rejected[index] = f"{row.label}: {exc}"
                continue
            url = values[0]
            self._forget(url)
            self.rows[row.table][url] = values
            if row.table == "pages":
                self.index[url], links[url] = index, outgoing
        self.links = [_without_nul(link) for each in links.values() for link in each]

    def _forget(self, url: str) -> None:
        """Drop an earlier failure of ``url``, or that it was skipped."""
        for table in ("failures", "skipped"):
            self.rows[table].pop(url, None)


def _hints_in(row: Row) -> list[Sequence[Any]]:
    """Return one hint for each URL, without those of URLs that no page can have."""
    hints = {hint[0]: hint for hint in row.values["hints"]}
    return [hint for url, hint in hints.items() if len(url.encode()) <= _MAX_INDEXED_BYTES]


def _checked(row: Row) -> list[Any]:
    """Return the row's values in the types of their columns.

    Raises ValueError, TypeError or OverflowError if a value does not fit its column.
    """
    values = values_of(row.table, row.values)
    if row.table != "pages" and isinstance(values[0], str):
        values[0] = _indexable(values[0])
    return [_fit(column, value) for column, value in zip(COLUMNS[row.table], values, strict=True)]


def _indexable(url: str) -> str:
    """Return a URL that an index takes: its beginning and a hash if it is too long.

    A URL may have failed for its length, and has a row all the same.
    """
    encoded = url.encode()  # raises on lone surrogates
    if len(encoded) <= _MAX_INDEXED_BYTES:
        return url
    digest = blake2b(encoded, digest_size=16).hexdigest()
    return f"{encoded[: _MAX_INDEXED_BYTES - 40].decode(errors='ignore')}… {digest}"


def _fit(column: str, value: object) -> object:
    if value is None:
        if column in _REQUIRED:
            raise ValueError(f"{column} is missing")
        return None
    kind = sql.TYPES.get(column, str)
    if kind is bytes and isinstance(value, bytes):
        return value
    if not isinstance(value, str | int | float) or kind is bytes:
        raise TypeError(f"{column} cannot be a {type(value).__name__}")
    if kind is str:
        text = str(value)
        size = len(text.encode())  # raises on lone surrogates
        if column in _INDEXED and size > _MAX_INDEXED_BYTES:
            raise ValueError(f"{column} has {size} bytes; an index takes {_MAX_INDEXED_BYTES}")
        return printable(text)
    number = kind(value)
    if kind is int and number not in _INTEGERS:
        raise ValueError(f"{column} is out of range: {number}")
    return number


def _without_nul(link: tuple[Any, ...]) -> list[Any]:
    return [printable(value) if isinstance(value, str) else value for value in link]


def _columns(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Return rows as one list for each column."""
    return [list(column) for column in zip(*rows, strict=True)]


def _one(db: psycopg.Connection[Any], query: bytes) -> Any:
    row = db.execute(query).fetchone()
    assert row is not None  # noqa: S101 - these queries always return one row
    return row[0]


def _version(db: psycopg.Connection[Any]) -> int:
    """Return the schema of the tables that are there; SCHEMA_VERSION if there are none."""
    if not _one(db, sql.HAS_META):
        return SCHEMA_VERSION
    version: int = _one(db, b"SELECT value FROM store_meta WHERE name = 'schema'")
    return version


def _line(exc: Exception) -> str:
    return str(exc).strip().partition("\n")[0]
