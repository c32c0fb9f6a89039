"""Stores pages, failures and items in a PostgreSQL database, which many workers can share."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg import errors

from crawlproj.errors import StoreError
from crawlproj.store import postgres_sql as sql
from crawlproj.store.base import Checked, Row, StoreBusy, Stored
from crawlproj.store.postgres_batch import Batch
from crawlproj.store.postgres_changes import Changes, note_missing, note_unchanged
from crawlproj.store.postgres_items import put_items
from crawlproj.store.postgres_url import read_url
from crawlproj.store.threaded import ThreadedStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_T = TypeVar("_T")

SCHEMA_VERSION = 5
# An advisory lock on the whole store, held from the merge of a batch to its commit, so that one
# worker at a time decides which page of a content is the first. Any constant would do.
_LOCK = int.from_bytes(b"crawlprj", "big")
# SQLSTATEs that pass, although their class stands for errors of the program: still connected to the
# former primary after a failover; this process stood still during a transaction.
_PASSING = {"25006", "25P03", "25P04"}
_LOST = {"08", "57"}  # classes of SQLSTATEs: the connection, and who ended it


class PostgresStore(ThreadedStore):
    """Stores pages, failures and items; any number of workers may write at the same time.

    A batch is merged in one transaction, and the transactions of different workers take turns.
    Nothing is left in the session, so that a pooler (PgBouncer) may give each transaction another
    one. A committed batch survives a SIGKILL, and a server crash as far as the server's
    ``synchronous_commit`` promises.

    Duplicates are marked as in SqliteStore; the first page is the one committed first.

    url: see ``read_url``, which raises ValueError.
    """

    searchable = True
    keeps_history = True
    refreshable = True

    def __init__(self, url: str) -> None:
        super().__init__()
        self._conninfo, self._place = read_url(url)
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
        batch = Batch(rows)
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
