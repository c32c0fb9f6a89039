"""Reading a PostgreSQL database until it is cancelled."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from crawlproj.serve.database.base import Caps, DatabaseError, TookTooLong
from crawlproj.serve.database.postgres import PostgresPool
from tests import waiting
from tests.frontier.helpers import run

if TYPE_CHECKING:
    from tests.servers import PgBouncer, Postgres

CAPS = Caps(1000, 1_000_000)
SLEEP = "SELECT pg_sleep(60)"
ASLEEP = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


def asleep(url: str) -> int:
    with psycopg.connect(url) as db:
        row = db.execute(ASLEEP.encode()).fetchone()
        assert row is not None
        return int(row[0])


def until(url: str, number: int) -> None:
    """Wait until so many queries sleep."""
    waiting.until(lambda: asleep(url) == number)


async def one(pool: PostgresPool, sql: str, **parameters: Any) -> Any:
    async with pool.connection() as connection:
        return (await connection.fetch(sql, parameters, CAPS)).rows


def test_a_cancelled_query_ends_in_the_server_and_the_pool_serves_on(postgres: Postgres) -> None:
    url = postgres.url()
    pool = PostgresPool(url, 1, 30.0)

    async def scene() -> None:
        sleeping = asyncio.ensure_future(one(pool, SLEEP))
        await asyncio.to_thread(until, url, 1)
        sleeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleeping
        await asyncio.to_thread(until, url, 0)
        assert await one(pool, "SELECT :n + 1", n=1) == [(2,)]
        await pool.close()

    run(scene())


def test_the_server_itself_ends_a_query_at_the_limit(postgres: Postgres) -> None:
    pool = PostgresPool(postgres.url(), 1, 0.2)

    async def scene() -> None:
        with pytest.raises(TookTooLong, match="ask for less"):
            await one(pool, SLEEP)
        assert await one(pool, "SELECT 1") == [(1,)]
        await pool.close()

    run(scene())


def test_a_session_that_is_cut_off_fails_its_query_and_is_replaced(postgres: Postgres) -> None:
    url = postgres.url()
    pool = PostgresPool(url, 1, 30.0)

    async def scene() -> None:
        sleeping = asyncio.ensure_future(one(pool, SLEEP))
        await asyncio.to_thread(until, url, 1)
        with psycopg.connect(url) as db:
            db.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE wait_event = 'PgSleep'"
            )
        with pytest.raises(DatabaseError, match="ask again"):
            await sleeping
        assert await one(pool, "SELECT 1") == [(1,)]
        await pool.close()

    run(scene())


def test_nothing_stays_in_the_session_so_a_pooler_may_stand_between(
    postgres: Postgres, pgbouncer: PgBouncer
) -> None:
    postgres.create("pooled")
    pool = PostgresPool(pgbouncer.url("pooled"), 2, 30.0)

    async def scene() -> None:
        for _ in range(5):
            found = await asyncio.gather(*(one(pool, "SELECT :n", n=n) for n in range(4)))
            assert [int(rows[0][0]) for rows in found] == [0, 1, 2, 3]
        set_it = "SELECT set_config('statement_timeout', '1', false)"
        await one(pool, set_it)
        (timeout,) = (await one(pool, "SELECT current_setting('statement_timeout')"))[0]
        assert timeout == "30s"
        await pool.close()

    run(scene())


def test_a_server_that_is_away_says_where_it_was_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("crawlproj.serve.database.postgres._CONNECT_S", 0.3)
    pool = PostgresPool("postgresql://u:secret@127.0.0.1:9/db", 1, 1.0)

    async def scene() -> None:
        with pytest.raises(DatabaseError, match=r"127\.0\.0\.1/db cannot be reached") as raised:
            await one(pool, "SELECT 1")
        assert "secret" not in str(raised.value)
        await pool.close()

    run(scene())
