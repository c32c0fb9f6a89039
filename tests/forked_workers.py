"""Workers of a fleet that start fast: forked from their supervisor, which has imported everything.

Each is a process and a child of the supervisor, as the real ones are, with its own environment,
session and log; it ends when the supervisor does. Only its Python is not a new one. Tests that run
``scrapy fleet`` with a Python of its own have real ones: one of test_fleet.py, and the lab's.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import signal
import subprocess
import sys
import time
import traceback
from types import SimpleNamespace
from typing import IO, TYPE_CHECKING

from scrapy.cmdline import execute

from crawlproj.fleet import supervisor
from crawlproj.fleet.children import ORPHANED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PR_SET_PDEATHSIG = 1


class Forked:
    """As much of ``subprocess.Popen`` as a supervisor needs, for ``… -m scrapy WORDS``."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        stdout: IO[bytes],
        env: Mapping[str, str],
        pass_fds: Sequence[int],
        **_: object,
    ) -> None:
        words = command[command.index("scrapy") :]
        parent = os.getpid()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                _leave_the_parent(parent, stdout.fileno(), pass_fds)
                status = _work(words, env)
            except BaseException:  # noqa: BLE001 - nothing is above
                traceback.print_exc()
            finally:
                for stream in (sys.stdout, sys.stderr):
                    stream.flush()
                os._exit(status)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return how it ended, as ``Popen`` says it; None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self) -> int:
        """Wait for its end."""
        while (status := self.poll()) is None:
            time.sleep(0.01)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it, unless it has ended."""
        self.send_signal(signal.SIGKILL)


def _leave_the_parent(parent: int, output: int, kept: Sequence[int]) -> None:
    """Give up what belongs to the supervisor: its signals, its files and its session."""
    gc.freeze()  # no object of the supervisor may close a file of this process
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(ORPHANED))
    if os.getppid() != parent:
        sys.exit("the supervisor is gone")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    first = 3
    for descriptor in [*sorted(kept), os.sysconf("SC_OPEN_MAX")]:
        os.closerange(first, descriptor)
        first = descriptor + 1


def _work(words: Sequence[str], env: Mapping[str, str]) -> int:
    os.environ.clear()
    os.environ.update(env)
    del sys.modules["crawlproj.settings"]  # it reads the environment
    ours = logging.getLogger("crawlproj")
    ours.handlers, ours.level = [], logging.NOTSET
    sys.argv = list(words)
    try:
        execute()
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else int(exc.code is not None)
    return 0


def fork_workers() -> None:
    """Let the supervisor of this process fork its workers."""
    vars(supervisor)["subprocess"] = SimpleNamespace(Popen=Forked, DEVNULL=subprocess.DEVNULL)
