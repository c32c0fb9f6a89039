"""Reading an SQLite file: in threads, and in processes, until it is cancelled."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import threading
import time
from typing import TYPE_CHECKING

import pytest

from crawlproj.serve.database.base import Caps, DatabaseError, NotThere, Pool, Refused, TookTooLong
from crawlproj.serve.database.sqlite_processes import SqliteProcesses
from crawlproj.serve.database.sqlite_threads import SqliteThreads
from tests.frontier.helpers import run
from tests.serve.helpers import fill, page
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crawlproj.serve.database.base import Connection

CAPS = Caps(1000, 1_000_000)
LIMIT_S = 30.0
# Runs for minutes unless it is stopped.
ENDLESS = (
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 1000000000) "
    "SELECT count(*) FROM c"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "crawl.db"
    fill(f"sqlite:///{path}", [page("http://a.test/", title="a")])
    return path


@pytest.fixture(
    params=["threads", pytest.param("processes", marks=pytest.mark.slow)],
)
def pool(request: pytest.FixtureRequest, path: Path) -> Iterator[Pool]:
    made = SqliteThreads(path, 2) if request.param == "threads" else SqliteProcesses(path, LIMIT_S)
    yield made
    run(made.close())


async def titles(connection: Connection) -> list[str]:
    return [row[0] for row in (await connection.fetch("SELECT title FROM pages", {}, CAPS)).rows]


def test_a_cancelled_query_ends_in_the_database_and_the_pool_serves_on(pool: Pool) -> None:
    async def scene() -> None:
        async with pool.connection() as connection:
            assert await titles(connection) == ["a"]  # it is open
            endless = asyncio.ensure_future(connection.fetch(ENDLESS, {}, CAPS))
            await asyncio.sleep(0.05)
            endless.cancel()
            with pytest.raises(asyncio.CancelledError):
                await endless
        before = time.process_time()
        async with pool.connection() as connection:  # the same, unless a busy machine was late
            assert await titles(connection) == ["a"]
        assert time.process_time() - before < 0.5  # nothing goes on in the threads

    run(scene())


def test_values_come_in_their_types_and_large_answers_are_cut(pool: Pool) -> None:
    async def scene() -> None:
        async with pool.connection() as connection:
            sql = "SELECT :t, :i, :f, NULL, x'00ff', CAST(x'ff61' AS TEXT)"
            found = await connection.fetch(sql, {"t": "é", "i": 2**62, "f": 0.5}, CAPS)
            assert [tuple(row) for row in found.rows] == [("é", 2**62, 0.5, None, b"\0\xff", "�a")]
            numbers = "SELECT value, zeroblob(100) FROM json_each('[1,2,3,4,5]')"
            by_rows = await connection.fetch(numbers, {}, Caps(3, 10_000))
            assert (len(by_rows.rows), by_rows.cut) == (3, "rows")
            by_bytes = await connection.fetch(numbers, {}, Caps(10, 250))
            assert (len(by_bytes.rows), by_bytes.cut) == (2, "bytes")
            one = await connection.fetch(numbers, {}, Caps(10, 1))  # never none
            assert (len(one.rows), one.cut) == (1, "bytes")

    run(scene())


@pytest.mark.parametrize(
    "sql", ["DELETE FROM pages", "SELECT * FROM frontier_entries_1", "SELECT 1; SELECT 2", "no"]
)
def test_what_a_reader_may_not_do_is_refused(pool: Pool, sql: str) -> None:
    async def scene() -> None:
        async with pool.connection() as connection:
            with pytest.raises(Refused):
                await connection.fetch(sql, {}, CAPS)

    run(scene())


def test_the_frontier_in_the_same_file_stays_hidden(pool: Pool, path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE frontier_entries_1 (payload BLOB)")

    async def scene() -> None:
        async with pool.connection() as connection:
            for sql in ("SELECT payload FROM frontier_entries_1", "TABLE Frontier_Entries_1"):
                with pytest.raises(Refused):
                    await connection.fetch(sql, {}, CAPS)

    run(scene())


def test_a_file_that_is_missing_or_has_no_pages_says_so(tmp_path: Path) -> None:
    path = tmp_path / "crawl.db"
    pool = SqliteThreads(path, 1)

    async def ask() -> list[str]:
        async with pool.connection() as connection:
            return await titles(connection)

    with pytest.raises(NotThere, match="does not exist yet"):
        run(ask())
    sqlite3.connect(path).close()
    path.write_bytes(b"")
    with pytest.raises(NotThere, match="no pages yet"):
        run(ask())
    path.unlink()
    path.write_bytes(b"no database" * 100)
    other = SqliteThreads(path, 1)

    async def ask_other() -> None:
        async with other.connection():
            pass

    with pytest.raises(DatabaseError, match="check the file"):
        run(ask_other())
    run(pool.close())
    run(other.close())


def test_a_table_that_another_process_creates_later_is_seen(pool: Pool, path: Path) -> None:
    async def ask(sql: str) -> int:
        async with pool.connection() as connection:
            found = await connection.fetch(sql, {}, CAPS)
            return int(found.rows[0][0])

    assert run(ask("SELECT count(*) FROM json_each('[1]')")) == 1
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE books (isbn TEXT)")
    assert run(ask("SELECT count(*) FROM books")) == 0
    assert run(ask("SELECT count(*) FROM json_each('[1]')")) == 1


@pytest.mark.slow
def test_a_worker_that_is_killed_fails_its_query_and_is_replaced(path: Path) -> None:
    pool = SqliteProcesses(path, LIMIT_S)

    async def scene() -> None:
        async with pool.connection() as connection:
            endless = asyncio.ensure_future(connection.fetch(ENDLESS, {}, CAPS))
            await asyncio.sleep(0.05)
            (worker,) = pool._all
            os.kill(worker._process.pid, signal.SIGKILL)
            with pytest.raises(DatabaseError, match="died"):
                await endless
        async with pool.connection() as connection:
            assert await titles(connection) == ["a"]
        await pool.close()

    run(scene())


@pytest.mark.slow
def test_a_worker_that_does_not_stop_is_killed_and_replaced(path: Path) -> None:
    pool = SqliteProcesses(path, LIMIT_S)

    async def scene() -> None:
        async with pool.connection() as connection:
            assert await titles(connection) == ["a"]
            (worker,) = pool._all
            os.kill(worker._process.pid, signal.SIGSTOP)
            stuck = asyncio.ensure_future(titles(connection))
            await asyncio.sleep(0.05)
            began = time.monotonic()
            stuck.cancel()
            with pytest.raises(asyncio.CancelledError):
                await stuck
            assert time.monotonic() - began < LIMIT_S
            assert not worker.alive
        async with pool.connection() as connection:
            assert await titles(connection) == ["a"]
        await pool.close()

    run(scene())


@pytest.mark.slow
def test_a_worker_ends_a_query_at_its_limit_by_itself(path: Path) -> None:
    pool = SqliteProcesses(path, 0.2)

    async def scene() -> None:
        async with pool.connection() as connection:
            with pytest.raises(TookTooLong, match="ask for less"):
                await connection.fetch(ENDLESS, {}, CAPS)
            assert await titles(connection) == ["a"]
        await pool.close()

    run(scene())


def test_a_query_that_waits_for_a_thread_says_so(path: Path) -> None:
    pool = SqliteThreads(path, 1)

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        async with pool.connection() as connection:
            assert connection.lag_s() == 0
            free = threading.Event()
            busy = loop.run_in_executor(pool._threads, free.wait)
            asking = asyncio.ensure_future(titles(connection))
            await asyncio.sleep(0.05)
            assert connection.lag_s() > 0.04  # so far
            free.set()
            await busy
            assert await asking == ["a"]
            waited_s = connection.lag_s()
            assert waited_s > 0.04
            await titles(connection)
            assert connection.lag_s() > waited_s  # of both
        await pool.close()

    run(scene())


@pytest.mark.slow
def test_workers_end_with_the_server(path: Path) -> None:
    pool = SqliteProcesses(path, LIMIT_S)

    async def scene() -> None:
        async with pool.connection() as connection:
            await titles(connection)
        (worker,) = pool._all
        worker._to.close()  # as it is when the server is killed
        await asyncio.wait_for(worker.wait(), PATIENCE_S)
        await pool.close()

    run(scene())


@pytest.mark.slow
def test_a_query_that_needs_too_much_memory_fails_alone(path: Path) -> None:
    pool = SqliteProcesses(path, LIMIT_S)
    greedy = "SELECT zeroblob(30000000) FROM json_each(:list)"

    async def scene() -> None:
        async with pool.connection() as connection:
            caps = Caps(1000, 10**12)
            with pytest.raises(Refused, match="memory"):
                await connection.fetch(greedy, {"list": str(list(range(50)))}, caps)
            assert await titles(connection) == ["a"]
        await pool.close()

    run(scene())
