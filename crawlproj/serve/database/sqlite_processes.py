"""The slow lane of an SQLite file: each connection is a process, with a Python lock of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import marshal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from crawlproj.serve.database.base import (
    Connection,
    DatabaseError,
    Encoded,
    NotThere,
    Pool,
    Refused,
    Rows,
    TookTooLong,
)
from crawlproj.serve.database.encoding import json_bytes
from crawlproj.serve.database.frames import frame, receive_frame

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from crawlproj.serve.database.base import Caps, Form

_CANCEL_S = 0.1  # until a worker that was asked to stop is killed
_ERRORS = {error.__name__: error for error in (NotThere, Refused, TookTooLong)}


class SqliteProcesses(Pool):
    """Worker processes, started when they are first needed and replaced when they die.

    limit_s: the workers themselves stop a query after so long, whatever the server does meanwhile.
    """

    def __init__(self, path: Path, limit_s: float) -> None:
        self._path = path
        self._limit_s = limit_s
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        while self._idle and not self._idle[-1].alive:
            self._all.discard(self._idle.pop())
        worker = self._idle.pop() if self._idle else await self._start()
        try:
            yield worker
        finally:
            if worker.alive:
                self._idle.append(worker)
            else:
                self._all.discard(worker)

    async def _start(self) -> _Worker:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "crawlproj.serve.database.sqlite_worker", str(self._path)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the server, which then ends its workers
        )
        worker = _Worker(process, self._limit_s)
        self._all.add(worker)
        try:
            await worker.ready()
        except BaseException:
            worker.kill()
            self._all.discard(worker)
            raise
        return worker

    async def close(self) -> None:
        workers, self._all = self._all, set()
        self._idle.clear()
        for worker in workers:
            worker.kill()
        for worker in workers:
            await worker.wait()


class _Worker(Connection):
    """A process. Its answers arrive whole; a cancelled query ends before this returns."""

    def __init__(self, process: asyncio.subprocess.Process, limit_s: float) -> None:
        assert process.stdin is not None  # noqa: S101 - they are pipes
        assert process.stdout is not None  # noqa: S101
        self._process = process
        self._to = process.stdin
        self._from = process.stdout
        self._limit_s = limit_s
        self._killed = False

    @property
    def alive(self) -> bool:
        """Whether the process can take a query."""
        return not self._killed and self._process.returncode is None

    async def ready(self) -> None:
        """Wait until the process has started, which is not its first query's fault."""
        try:
            await receive_frame(self._from)
        except asyncio.IncompleteReadError as exc:
            raise DatabaseError(
                "the process for slow queries did not start; the log says why"
            ) from exc

    def kill(self) -> None:
        """End the process at once."""
        self._killed = True
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def wait(self) -> None:
        """Wait for the end of the process."""
        await self._process.wait()

    async def fetch(self, sql: str, parameters: Mapping[str, Any], caps: Caps) -> Rows:
        parts, end = await self._ask(sql, parameters, caps, "rows")
        return Rows(marshal.loads(b"".join(parts)), end["cut"])  # noqa: S302 - of our own process

    async def encode(
        self, sql: str, parameters: Mapping[str, Any], caps: Caps, form: Form
    ) -> Encoded:
        parts, end = await self._ask(sql, parameters, caps, form)
        return Encoded(end["columns"], parts, end["rows"], end["last"], end["cut"])

    async def check_role(self) -> None:
        """The file is open for reading alone, and the authorizer refuses the rest."""

    async def _ask(
        self, sql: str, parameters: Mapping[str, Any], caps: Caps, form: str
    ) -> tuple[list[bytes], dict[str, Any]]:
        query = {
            "sql": sql,
            "parameters": dict(parameters),
            "rows": caps.rows,
            "bytes": caps.bytes,
            "form": form,
            "seconds": self._limit_s,
            "most_seconds": caps.seconds,
            "key": caps.key,
        }
        answer = asyncio.ensure_future(self._exchange(frame(b"Q", json_bytes(query))))
        try:
            parts, end = await asyncio.shield(answer)
        except asyncio.CancelledError:
            await self._cancel(answer)
            raise
        except (asyncio.IncompleteReadError, ConnectionError, OSError) as exc:
            self.kill()
            raise DatabaseError(
                "the process that ran the query died; ask for less, or see the log"
            ) from exc
        if "error" in end:
            raise _ERRORS.get(end["kind"], DatabaseError)(end["error"])
        return parts, end

    async def _exchange(self, query: bytes) -> tuple[list[bytes], dict[str, Any]]:
        self._to.write(query)
        await self._to.drain()
        parts: list[bytes] = []
        while True:
            kind, content = await receive_frame(self._from)
            if kind == b"E":
                end: dict[str, Any] = json.loads(content)
                return parts, end
            parts.append(content)

    async def _cancel(self, answer: asyncio.Future[Any]) -> None:
        """Let the worker stop the query; kill it if it does not."""
        try:
            self._to.write(frame(b"C", b""))
            await asyncio.wait({answer}, timeout=_CANCEL_S)
        finally:
            if not answer.done() or answer.cancelled() or answer.exception() is not None:
                self.kill()
                answer.cancel()
