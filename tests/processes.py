"""``scrapy …`` in processes that start fast: forked from one that has imported everything.

``python -m scrapy`` spends most of a second of CPU on imports, and the tests start it hundreds of
times. What runs is the same, in a process with its own environment, signals and exit status.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.cmdline import execute

from tests import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.preloaded", "tests.processes"])


class Scrapy:
    """``scrapy`` with these words, running in the project's folder.

    stdin: all that it can read. env: added to this process's environment.
    """

    def __init__(
        self, *words: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> None:
        self._output = tempfile.NamedTemporaryFile()  # noqa: SIM115 - it goes with this object
        self._process = _forks.Process(
            target=_run,
            args=(words, self._output.name, stdin, {**os.environ, **(env or {})}),
            daemon=True,
        )
        sys.audit("subprocess.Popen", "scrapy", words, ROOT, env)  # conftest.py watches for it
        with contextlib.chdir(ROOT):  # the first start starts the server, which must find tests
            self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def output(self) -> str:
        """Return what it has printed so far, to stdout and stderr."""
        return Path(self._output.name).read_text()

    def poll(self) -> int | None:
        """Return the exit status, or minus the signal that ended it; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout_s: float = 60.0) -> int:
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
    *words: str, stdin: bytes = b"", env: Mapping[str, str] | None = None, timeout_s: float = 60.0
) -> tuple[int, str]:
    """Run ``scrapy`` to its end; returns its exit status and what it printed."""
    process = Scrapy(*words, stdin=stdin, env=env)
    return process.wait(timeout_s), process.output()


def options(settings: Mapping[str, object]) -> list[str]:
    """Return settings as words of a command line."""
    return [word for name, value in settings.items() for word in ("-s", f"{name}={value}")]


def _run(words: tuple[str, ...], output: str, stdin: bytes, env: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(env)
    with tempfile.TemporaryFile() as file:
        file.write(stdin)
        file.seek(0)
        os.dup2(file.fileno(), 0)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - a descriptor
    with open(output, "ab") as file:  # noqa: PTH123 - a path of tempfile's
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.argv = ["scrapy", *words]
    execute()
