"""A lane of a PostgreSQL database: a pool of its own, read-only transactions, a time limit."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from crawlproj.serve.database.base import (
    Connection,
    DatabaseError,
    NotThere,
    Pool,
    Refused,
    Rows,
    TookTooLong,
)
from crawlproj.serve.database.encoding import Collector
from crawlproj.serve.database.placeholders import psycopg_sql
from crawlproj.store.plain_values import size_of
from crawlproj.store.postgres_url import read_url

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping

    from crawlproj.serve.database.base import Caps, Encoded, Form

_CONNECT_S = 5.0
_FIRST_BATCH, _MAX_BATCH = 10, 200  # rows: large ones must not come by the hundred
# How DECLARE … CURSOR and a read-only transaction refuse other statements.
_NO_SELECT = (
    errors.SyntaxError,
    errors.ReadOnlySqlTransaction,
    errors.FeatureNotSupported,
)

_ROLE = b"""
SELECT current_user, rolsuper OR rolreplication OR EXISTS (
    SELECT FROM pg_roles WHERE rolname IN (
        'pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program'
    ) AND pg_has_role(current_user, oid, 'USAGE')
), EXISTS (
    SELECT FROM pg_class WHERE relkind IN ('r', 'p')
        AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
        AND has_schema_privilege(relnamespace, 'USAGE')
        AND has_table_privilege(oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
) FROM pg_roles WHERE rolname = current_user
"""


class PostgresPool(Pool):
    """Connections, opened when they are first needed.

    A request is one read-only transaction that is rolled back, and nothing stays in the session, so
    a pooler may stand between. A cancelled task cancels its query in the server.

    limit_s: ``statement_timeout``, which holds whatever happens to this process.

    url: see ``read_url``, which raises ValueError.
    """

    def __init__(self, url: str, size: int, limit_s: float) -> None:
        where, self._place = read_url(url, application_name="crawlproj serve")
        self._pool = AsyncConnectionPool(
            where,
            min_size=0,
            max_size=size,
            open=False,
            timeout=_CONNECT_S,
            reconnect_timeout=_CONNECT_S,
            kwargs={"autocommit": True, "prepare_threshold": None},
        )
        self._opening: asyncio.Future[None] | None = None
        self._limit_ms = round(1000 * limit_s)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._pool.open())
        await asyncio.shield(self._opening)
        try:
            async with self._pool.connection() as db:
                await db.execute(
                    b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
                    b"SET LOCAL statement_timeout = %d; "
                    b"SET LOCAL idle_in_transaction_session_timeout = '30s'" % self._limit_ms
                )
                try:
                    yield _PostgresConnection(db)
                finally:
                    if not db.closed:
                        await db.execute(b"ROLLBACK")
        except psycopg.Error as exc:
            raise self._explained(exc) from exc

    async def close(self) -> None:
        if self._opening is not None:
            await self._opening
            await self._pool.close(timeout=1.0)

    def _explained(self, exc: psycopg.Error) -> DatabaseError:
        line = str(exc).strip().partition("\n")[0]
        if isinstance(exc, PoolTimeout):
            return DatabaseError(
                f"PostgreSQL at {self._place} cannot be reached; check that it runs, and the URL"
            )
        if isinstance(exc, errors.UndefinedColumn) and '"search"' in line:
            return NotThere(
                f"PostgreSQL at {self._place} has no search index: set STORE_SEARCH=1 and run the "
                "crawl again; it indexes the pages that are there"
            )
        if isinstance(exc, errors.UndefinedTable) and any(
            f'"{table}"' in line for table in ("pages", "failures", "skipped", "links")
        ):
            return NotThere(
                f"PostgreSQL at {self._place} has no pages yet: run a crawl that stores its pages "
                "there"
            )
        if isinstance(exc, errors.QueryCanceled):
            return TookTooLong("the query was cancelled, because it took too long; ask for less")
        if isinstance(exc, psycopg.OperationalError | psycopg.InterfaceError):
            return DatabaseError(f"PostgreSQL at {self._place}: {line}; ask again")
        if isinstance(exc, errors.InsufficientPrivilege):
            return Refused(f"{line}: grant it to the role that serves, or ask for something else")
        if isinstance(exc, _NO_SELECT):
            return Refused(f"{line}: send one SELECT that only reads")
        return Refused(line)


class _PostgresConnection(Connection):
    def __init__(self, db: psycopg.AsyncConnection[Any]) -> None:
        self._db = db

    async def fetch(self, sql: str, parameters: Mapping[str, Any], caps: Caps) -> Rows:
        rows: list[Any] = []
        size = 0
        async with self._cursor() as cursor:
            await cursor.execute(psycopg_sql(sql).encode(), parameters)
            async for batch in _batches(cursor, caps.rows + 1):
                for row in batch:
                    if len(rows) == caps.rows:
                        return Rows(rows, "rows")
                    size += size_of(row)
                    if size > caps.bytes and rows:
                        return Rows(rows, "bytes")
                    rows.append(row)
        return Rows(rows)

    async def encode(
        self, sql: str, parameters: Mapping[str, Any], caps: Caps, form: Form
    ) -> Encoded:
        async with self._cursor() as cursor:
            await cursor.execute(psycopg_sql(sql).encode(), parameters)
            columns = [column.name for column in cursor.description or ()]
            collector = Collector(form, columns, caps)
            async for batch in _batches(cursor, caps.rows + 1):
                if not all(map(collector.add, batch)):
                    break
            return collector.encoded()

    async def check_role(self) -> None:
        cursor = await self._db.execute(_ROLE)
        role, powerful, writes = await cursor.fetchone() or ("", True, True)
        if powerful or writes:
            what = "read files or run programs" if powerful else "write to tables"
            raise Refused(
                f"queries of your own need a role that can only read, and {role} may {what}: "
                "CREATE ROLE reader LOGIN PASSWORD '…'; GRANT SELECT ON ALL TABLES IN SCHEMA "
                "public TO reader; then set SERVE_STORE_URL to the same database with that role"
            )

    def _cursor(self) -> psycopg.AsyncServerCursor[Any]:
        # DECLARE takes one SELECT and nothing else, and rows come as they are wanted.
        return self._db.cursor("serve")


async def _batches(
    cursor: psycopg.AsyncServerCursor[Any], wanted: int
) -> AsyncGenerator[list[Any], None]:
    """Yield rows as they are wanted, with chances for other requests between."""
    size = _FIRST_BATCH
    while wanted > 0 and (batch := await cursor.fetchmany(min(size, wanted))):
        yield batch
        wanted -= len(batch)
        if len(batch) < size:
            return
        size = min(_MAX_BATCH, 4 * size)
