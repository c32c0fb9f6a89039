"""The fast lane of an SQLite file: connections of their own, each used by a thread."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from crawlproj.serve.database.base import Caps, Connection, Encoded, Form, Pool, Rows
from crawlproj.serve.database.sqlite_reading import (
    encode_rows,
    explained,
    open_reader,
    read_rows,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

T = TypeVar("T")


class SqliteThreads(Pool):
    """Connections of threads; SQLite computes without Python's lock.

    path: of the file; opened when it is first needed, so it may come into being later.
    """

    def __init__(self, path: Path, threads: int) -> None:
        self._path = path
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="sqlite-reader")
        self._idle: list[sqlite3.Connection] = []
        self._all: set[sqlite3.Connection] = set()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        db = self._idle.pop() if self._idle else await self._open()
        try:
            yield _ThreadConnection(self._path, db, self._threads)
        finally:
            self._idle.append(db)

    async def _open(self) -> sqlite3.Connection:
        def open_it() -> sqlite3.Connection:
            try:
                return open_reader(self._path)
            except sqlite3.Error as exc:
                raise explained(exc, self._path) from exc

        opening = asyncio.get_running_loop().run_in_executor(self._threads, open_it)
        try:
            db = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_opened)
            raise
        self._all.add(db)
        return db

    async def close(self) -> None:
        for db in self._all:
            db.interrupt()
        await asyncio.to_thread(self._threads.shutdown)
        for db in self._all:
            db.close()
        self._all.clear()
        self._idle.clear()


@dataclass(slots=True)
class _Asked:
    """When a query was given to a thread, ran there, and its answer was taken; monotonic times."""

    given: float | None = None
    began: float | None = None
    ended: float | None = None
    answered: float | None = None

    def timed(self, query: Callable[[], T]) -> T:
        """Run the query, in the thread."""
        self.began = time.monotonic()
        try:
            return query()
        finally:
            self.ended = time.monotonic()

    def lag_s(self) -> float:
        """Return how long it was neither in the database nor, so far, answered."""
        if self.given is None:
            return 0.0
        now = self.answered or time.monotonic()
        if self.began is None:
            return now - self.given
        return now - self.given - ((self.ended or now) - self.began)


class _ThreadConnection(Connection):
    def __init__(self, path: Path, db: sqlite3.Connection, threads: ThreadPoolExecutor) -> None:
        self._path = path
        self._db = db
        self._threads = threads
        self._asked = _Asked()
        self._lag_s = 0.0  # of the queries before

    async def fetch(self, sql: str, parameters: Mapping[str, Any], caps: Caps) -> Rows:
        return await self._run(lambda: read_rows(self._db, sql, parameters, caps))

    async def encode(
        self, sql: str, parameters: Mapping[str, Any], caps: Caps, form: Form
    ) -> Encoded:
        return await self._run(lambda: encode_rows(self._db, sql, parameters, caps, form))

    async def check_role(self) -> None:
        """The file is open for reading alone, and the authorizer refuses the rest."""

    def lag_s(self) -> float:
        return self._lag_s + self._asked.lag_s()

    async def _run(self, query: Callable[[], T]) -> T:
        """Run a query in a thread; if this task is cancelled, the query ends first."""
        self._lag_s = self.lag_s()
        asked = self._asked = _Asked(time.monotonic())
        running = asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: asked.timed(query)
        )
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            # Whoever uses the connection next must not meet this query, nor its interruption.
            while not running.done():
                self._db.interrupt()
                with suppress(asyncio.CancelledError):  # cancelled twice
                    await asyncio.wait({running}, timeout=0.005)
            if not running.cancelled():
                running.exception()
            raise
        except sqlite3.Error as exc:
            raise explained(exc, self._path) from exc
        finally:
            asked.answered = time.monotonic()


def _close_opened(opening: asyncio.Future[sqlite3.Connection]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
