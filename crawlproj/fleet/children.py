"""Child processes: bound to the life of their parent, and ended in two steps."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

ORPHANED = signal.SIGUSR1
"""Tells a worker that its supervisor is gone. Not SIGTERM: the kernel may send the signal once for
each thread of the supervisor, and a second SIGTERM cuts a crawl short."""

# A process of its own, because preexec_fn is not safe in a program with threads.
_BIND = """
import ctypes, os, sys
parent, signum, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
PR_SET_PDEATHSIG = 1
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signum)
if os.getppid() != parent:
    sys.exit("the process that started this one is gone")
os.execv(command[0], command)
"""


def bind_to_parent(command: Sequence[str], signum: signal.Signals) -> list[str]:
    """Return a command that runs ``command`` and receives ``signum`` when its parent ends.

    This holds however the parent ends, SIGKILL included; the parent is the thread that starts the
    command. Only Linux supports it: elsewhere the children of a killed parent keep running.

    command: the words of a command line; the first is the path of the program.
    """
    if sys.platform != "linux":
        return list(command)
    return [sys.executable, "-ISc", _BIND, str(os.getpid()), str(int(signum)), *command]


def end_process(process: subprocess.Popen[Any], timeout_s: float) -> None:
    """End a process with SIGTERM, or with SIGKILL if it still runs after ``timeout_s``."""
    process.terminate()
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
