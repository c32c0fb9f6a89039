"""The processes that are measured: each in a session of its own, killed after its measurement."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

from crawlproj.fleet.children import bind_to_parent

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Mapping, Sequence

_POLL_S = 0.1
_MAX_REASON = 200  # characters


class Interrupted(Exception):
    """Another thread set the event that stops this one."""


@contextlib.contextmanager
def running(
    command: Sequence[str],
    stdin: Any = subprocess.DEVNULL,
    stdout: Any = None,
    stderr: Any = None,
    env: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """Run a command while the context is open, then kill it and every process it forked.

    The terminal's Ctrl-C does not reach the command: the measuring process handles it.
    """
    process = subprocess.Popen(  # noqa: S603 - our own
        bind_to_parent(command, signal.SIGKILL),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=env,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def run_to_end(
    command: Sequence[str], timeout_s: float, stop: threading.Event | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; return its status and its output.

    Raises subprocess.TimeoutExpired after ``timeout_s``, and Interrupted as soon as another thread
    sets ``stop``. The command is killed in both cases.
    """
    deadline = time.monotonic() + timeout_s
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while True:
            left = deadline - time.monotonic()
            try:
                output = process.communicate(timeout=left if stop is None else min(left, _POLL_S))
                return subprocess.CompletedProcess(command, process.returncode, *output)
            except subprocess.TimeoutExpired:
                if stop is not None and stop.is_set():
                    raise Interrupted from None
                if time.monotonic() >= deadline:
                    raise


def failure_reason(log: str, otherwise: str) -> str:
    """Return the line of a log that says why a process failed: the last outside of tracebacks.

    otherwise: returned if there is no such line.
    """
    lines = [line.strip() for line in log.splitlines() if line.strip() and line[:1] != " "]
    messages = [line for line in lines if not line.startswith(("Traceback", "+", "|"))]
    return messages[-1][:_MAX_REASON] if messages else otherwise
