"""A child process that answers lines with lines."""

from __future__ import annotations

import json
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from crawlproj.errors import CrawlprojError

if TYPE_CHECKING:
    from collections.abc import Sequence

_STOP_TIMEOUT_S = 10.0  # after its input was closed


class AskedProcess:
    """Runs a command that answers each line on its standard input with a line of JSON.

    It says a line when it is ready, and ends when its input closes. The terminal's Ctrl-C does not
    reach it, because it may be needed until others have ended.

    name: what it is, for errors: "the demo web". Call ``close`` in the end, whatever went wrong.
    """

    def __init__(self, command: Sequence[str], name: str) -> None:
        self._name = name
        self._process = subprocess.Popen(  # noqa: S603 - our own modules
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        assert self._process.stdout is not None  # noqa: S101
        self._input, self._output = self._process.stdin, self._process.stdout

    def read(self) -> Any:
        """Return the next line that it says. Raises CrawlprojError if it has ended instead."""
        line = self._output.readline()
        if not line:
            status = self._process.wait()
            raise CrawlprojError(f"{self._name} ended with status {status}; see its error above")
        return json.loads(line)

    def ask(self, line: str = "") -> Any:
        """Return its answer to ``line``. Raises CrawlprojError if it has ended instead."""
        with suppress(BrokenPipeError):  # it has ended, and ``read`` says so
            self._input.write(f"{line}\n")
            self._input.flush()
        return self.read()

    def close(self) -> None:
        """Let it end, and kill it if it has not after ten seconds."""
        with suppress(BrokenPipeError):
            self._input.close()
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()
