"""Child processes that do not outlive this one."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
    from collections.abc import Sequence

# In a process of its own and not in a preexec_fn, which is not safe beside threads.
_BIND = """
import ctypes, os, sys
parent, how, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
PR_SET_PDEATHSIG = 1
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, how)
if os.getppid() != parent:
    sys.exit("the process that started this one is gone")
os.execv(command[0], command)
"""


def bound(command: Sequence[str], how: signal.Signals) -> list[str]:
    """Return ``command`` as one that gets the signal ``how`` when its parent is gone.

    However that goes, SIGKILL included. The parent is the thread that starts it. Only Linux can do
    this; elsewhere the children of a parent that was killed stay.

    command: its first word is a path.
    """
    if sys.platform != "linux":
        return list(command)
    return [sys.executable, "-ISc", _BIND, str(os.getpid()), str(int(how)), *command]
