"""``scrapy …`` and scripts in processes that start fast: forked from one that imported everything.

``python -m scrapy`` spends most of a second of CPU on imports, and the tests start it hundreds of
times. The program is the same, in a process with its own environment, signals and exit status.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.cmdline import execute

from tests import ROOT
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Mapping

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.preloaded", "tests.processes"])


class Scrapy:
    """``scrapy`` with these words.

    stdin: all that it can read. env: added to this process's environment. folder: the one that it
    runs in. output: the file to which it writes stdout and stderr; None: a temporary one.
    script: a program in Python that runs with these words instead. beside: a process whose user
    and mounts it shares.
    """

    def __init__(
        self,
        *words: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        folder: Path = ROOT,
        output: Path | None = None,
        script: Path | None = None,
        beside: int | None = None,
    ) -> None:
        if output is None:
            self._file = tempfile.NamedTemporaryFile()  # noqa: SIM115 - it goes with this object
            output = Path(self._file.name)
        output.touch()
        self._output = output
        self._process = _forks.Process(
            target=_run,
            args=(words, folder, self._output, stdin, {**os.environ, **(env or {})}),
            kwargs={"script": script, "beside": beside},
            daemon=True,
        )
        sys.audit("subprocess.Popen", "scrapy", words, folder, env)  # conftest.py watches for it
        with contextlib.chdir(ROOT):  # the first start starts the server, which must find tests
            self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def output(self) -> str:
        """Return what it has printed so far, to stdout and stderr."""
        return self._output.read_text()

    def poll(self) -> int | None:
        """Return the exit status, or minus the signal that ended it; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout_s: float = PATIENCE_S) -> int:
        """Return the exit status once it has ended; kills it and raises if that takes longer."""
        self._process.join(timeout_s)
        status = self.poll()
        if status is None:
            self.kill()
            raise subprocess.TimeoutExpired("scrapy", timeout_s, self.output())
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it, if it still runs, and wait for its end."""
        self._process.kill()
        self._process.join()


def scrapy(
    *words: str,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    folder: Path = ROOT,
    timeout_s: float = PATIENCE_S,
) -> tuple[int, str]:
    """Run ``scrapy`` to its end; returns its exit status and what it printed."""
    process = Scrapy(*words, stdin=stdin, env=env, folder=folder)
    return process.wait(timeout_s), process.output()


def options(settings: Mapping[str, object]) -> list[str]:
    """Return settings as words of a command line."""
    return [word for name, value in settings.items() for word in ("-s", f"{name}={value}")]


def _run(
    words: tuple[str, ...],
    folder: Path,
    output: Path,
    stdin: bytes,
    env: Mapping[str, str],
    *,
    script: Path | None,
    beside: int | None,
) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # is ignored if the tests run under nohup
    if beside is not None:
        _enter_namespaces(beside)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    with tempfile.TemporaryFile() as file:
        file.write(stdin)
        file.seek(0)
        os.dup2(file.fileno(), 0)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - a descriptor
    with output.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    if words[:1] == ("fleet",):
        from tests.forked_workers import fork_workers  # noqa: PLC0415 - most start no fleet

        fork_workers()
    sys.argv = [str(script or "scrapy"), *words]
    if script is None:
        execute()
    else:
        runpy.run_path(str(script), run_name="__main__")


def _enter_namespaces(process: int) -> None:
    for name in ("user", "mnt"):
        with Path(f"/proc/{process}/ns/{name}").open() as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), 0):
                raise OSError(ctypes.get_errno(), f"cannot enter {namespace.name}")
