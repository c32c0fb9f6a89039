"""Processes that are measured: each in a session of its own, none outliving its measurement."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

from crawlproj.fleet.children import bound

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Mapping, Sequence

_LOOK_S = 0.1


class Interrupted(Exception):
    """Somebody set the event that stops this."""


@contextlib.contextmanager
def started(
    command: Sequence[str],
    stdin: Any = subprocess.DEVNULL,
    stdout: Any = None,
    stderr: Any = None,
    env: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """Run a command while this is entered; it and all that it forked are killed at the end.

    The keyboard's Ctrl-C does not reach it: that is for whoever measures.
    """
    process = subprocess.Popen(  # noqa: S603 - our own
        bound(command, signal.SIGKILL),
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


def finished(
    command: Sequence[str], timeout_s: float, stop: threading.Event | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; returns its status and what it said.

    stop: set by another thread to end it before. Raises Interrupted then, and
    subprocess.TimeoutExpired after ``timeout_s``.
    """
    deadline = time.monotonic() + timeout_s
    with started(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while True:
            left = deadline - time.monotonic()
            try:
                said = process.communicate(timeout=left if stop is None else min(left, _LOOK_S))
                return subprocess.CompletedProcess(command, process.returncode, *said)
            except subprocess.TimeoutExpired:
                if stop is not None and stop.is_set():
                    raise Interrupted from None
                if time.monotonic() >= deadline:
                    raise
