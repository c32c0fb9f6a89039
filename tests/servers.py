"""Servers that tests start on free loopback ports and stop afterwards."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from psycopg import sql

from crawlproj.errors import ConfigError
from crawlproj.fleet.server import find_server
from crawlproj.ports import reserved_port
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path
    from types import TracebackType
    from typing import Self


_USER, _PASSWORD = "crawler", "a password"


def need(missing: str) -> None:
    """Skip the test if ``missing`` says what is not here; in CI, where all must be, fail it."""
    if missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)


def free_port() -> int:
    """Return a port of loopback at which nobody listens, reserved while this process runs."""
    return _reserved.enter_context(reserved_port())


_reserved = ExitStack()


class _Server(ABC):
    """A server in a process of its own; a context manager.

    stop_signal: the signal that shuts it down in order.
    """

    stop_signal = signal.SIGTERM

    def __init__(self) -> None:
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def start(self) -> None:
        """Start the server, always on the same port and with its data; returns when it answers."""

    def stop(self, signum: signal.Signals | None = None) -> None:
        """Stop the server with ``stop_signal``, or with the given signal."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signum or self.stop_signal)
            process.wait(PATIENCE_S)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


class Postgres(_Server):
    """A PostgreSQL server in ``folder``, which exists and is empty.

    PostgreSQL refuses to run as root, so under root it runs as the user nobody.
    """

    stop_signal = signal.SIGINT  # cuts connections instead of waiting for clients to leave

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._data = folder / "data"
        self._log = folder / "log"
        self._as: dict[str, Any] = {}
        secret = folder / "secret"
        secret.write_text(_PASSWORD)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            _give_to(nobody.pw_uid, folder)
        self._run("initdb", "-D", str(self._data), "-U", _USER, "--pwfile", str(secret),
                  "-A", "md5", "-E", "UTF8", "--no-sync")  # fmt: skip

    @staticmethod
    def missing() -> str:
        """Return why the server cannot run here; "" if it can."""
        return "" if shutil.which("postgres") else "no PostgreSQL server on PATH"

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database."""
        password = _PASSWORD.replace(" ", "%20")
        return f"postgresql://{_USER}:{password}@127.0.0.1:{self._port}/{database}"

    def create(self, database: str) -> str:
        """Create a database and return its URL."""
        with psycopg.connect(self.url(), autocommit=True) as db:
            # With "fsync" off, copying files costs half of what writing them to the log does.
            command = sql.SQL("CREATE DATABASE {} STRATEGY file_copy")
            db.execute(command.format(sql.Identifier(database)))
        return self.url(database)

    def start(self) -> None:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": "",
            "fsync": "off",
        }
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [_found("postgres"), "-D", str(self._data), *words],
                stdout=log, stderr=log, **self._as, start_new_session=True,
            )  # fmt: skip
        _wait_for_postgres(self.url(), self._process, self._log)

    def _run(self, *words: str) -> None:
        done = subprocess.run(
            [_found(words[0]), *words[1:]], check=False, capture_output=True, text=True, **self._as
        )
        assert done.returncode == 0, done.stderr


class PgBouncer(_Server):
    """A pooler in front of ``postgres`` that gives each transaction another session.

    A client that has the pool for itself gets the same session again, but nothing is left in it.

    Like PostgreSQL it refuses to run as root. folder: exists and is empty.
    """

    stop_signal = signal.SIGINT

    def __init__(self, folder: Path, postgres: Postgres) -> None:
        super().__init__()
        self._log = folder / "log"
        self._file = folder / "pgbouncer.ini"
        behind = urlsplit(postgres.url())
        self._file.write_text(
            f"""
            [databases]
            * = host=127.0.0.1 port={behind.port} user={_USER} password='{_PASSWORD}'
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {self._port}
            unix_socket_dir =
            auth_type = any
            pool_mode = transaction
            default_pool_size = 3
            server_round_robin = 1
            server_reset_query_always = 1
            """
        )
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            _give_to(nobody.pw_uid, folder)

    @staticmethod
    def missing() -> str:
        """Return why the pooler cannot run here; "" if it can."""
        return Postgres.missing() or ("" if shutil.which("pgbouncer") else "no pgbouncer on PATH")

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database, through the pooler."""
        return f"postgresql://{_USER}@127.0.0.1:{self._port}/{database}"

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [_found("pgbouncer"), str(self._file)],
                stdout=log, stderr=log, **self._as, start_new_session=True,
            )  # fmt: skip
        _wait_for_postgres(self.url(), self._process, self._log)


class Redis(_Server):
    """A Redis or Valkey server in ``folder`` with an append-only file, synced every second."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    @staticmethod
    def missing() -> str:
        """Return why the server cannot run here; "" if it can."""
        try:
            find_server()
        except ConfigError as exc:
            return str(exc)
        return ""

    def url(self) -> str:
        """Return its URL."""
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        options = {
            "port": str(self._port), "bind": "127.0.0.1", "dir": str(self._folder), "save": "",
            "appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction",
            "logfile": str(self._folder / "log"),
        }  # fmt: skip
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self._process = subprocess.Popen([str(find_server()), *words], start_new_session=True)
        deadline = time.monotonic() + PATIENCE_S
        with redis.Redis.from_url(self.url()) as client:
            while True:
                try:
                    client.ping()
                except redis.ConnectionError:  # also while it loads
                    assert self._process.poll() is None
                    assert time.monotonic() < deadline
                    time.sleep(0.02)
                else:
                    return


class Proxy:
    """A TCP proxy in front of the server at ``url``, in its own thread; a context manager.

    delay_s: seconds added in each direction, without limiting throughput. May be changed.
    """

    def __init__(self, url: str, delay_s: float = 0.0) -> None:
        self.delay_s = delay_s
        self._target = urlsplit(url)
        self._port = 0
        self._swallow = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def url(self) -> str:
        """Return the URL that reaches the server through the proxy."""
        user, at, _ = self._target.netloc.rpartition("@")
        return self._target._replace(netloc=f"{user}{at}127.0.0.1:{self._port}").geturl()

    def lead_to(self, url: str) -> None:
        """Connect clients that come from now on with another server."""
        self._target = urlsplit(url)

    def connections(self) -> int:
        """Return how many clients are connected."""
        return len(self._writers) // 2

    def cut(self) -> None:
        """Abort all connections; data in transit is lost."""
        self._do(self._cut())

    def refuse(self) -> None:
        """Refuse new connections; existing ones stay open."""
        self._do(self._refuse())

    def accept(self) -> None:
        """Accept connections again, on the same port."""
        self._do(self._accept())

    def swallow(self, answers: int = 1) -> None:
        """Drop each of the next ``answers`` after its command has run, and cut its connection."""
        self._swallow = answers

    def swallowed(self) -> bool:
        """Return whether every answer to be swallowed has been."""
        return self._swallow == 0

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._accept())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE_S)

    async def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _accept(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
            self._port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        await self._refuse()
        await self._cut()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for other in others:
            other.cancel()  # what it has to deliver may be due in ``delay_s``
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = {writer}
        try:
            to_server, server = await asyncio.open_connection(
                self._target.hostname, self._target.port
            )
            writers.add(server)
            self._writers |= writers
            pumps = [
                asyncio.create_task(self._pump(reader, server)),
                asyncio.create_task(self._pump(to_server, writer, answers=True)),
            ]
            _, rest = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in rest:
                pump.cancel()
        except OSError:
            pass  # the server is unreachable
        finally:
            self._writers -= writers
            for each in writers:
                each.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool = False
    ) -> None:
        """Forward data ``delay_s`` after it arrived, until one end is closed."""
        parts: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        delivering = asyncio.create_task(self._deliver(parts, writer))
        try:
            while data := await reader.read(1 << 16):
                if answers and self._swallow:
                    self._swallow -= 1
                    return
                parts.put_nowait((self._loop.time() + self.delay_s, data))
            parts.put_nowait((self._loop.time() + self.delay_s, b""))
            await delivering
        except OSError:
            pass  # cut
        finally:
            delivering.cancel()
            await asyncio.wait((delivering,))

    async def _deliver(
        self, parts: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        while True:
            due, data = await parts.get()
            if (wait_s := due - self._loop.time()) > 0:
                await asyncio.sleep(wait_s)
            if not data:
                return
            writer.write(data)
            await writer.drain()


def _wait_for_postgres(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            psycopg.connect(url, connect_timeout=1).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(log.read_text()) from None
            time.sleep(0.05)
        else:
            return


def _found(program: str) -> str:
    path = shutil.which(program)
    assert path is not None, f"no {program} on PATH"
    return path


def _give_to(user: int, folder: Path) -> None:
    """Give the folder to ``user``, and let it traverse the folders above."""
    shutil.chown(folder, user)
    for path in folder.iterdir():
        shutil.chown(path, user)
    for above in folder.parents:
        if above.stat().st_uid == os.geteuid() and not above.stat().st_mode & 0o001:
            above.chmod(above.stat().st_mode | 0o001)
