"""A file lock that child processes inherit: it is free once the last of them has ended."""

from __future__ import annotations

import fcntl
import os
import time
from typing import TYPE_CHECKING

from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

_POLL_S = 0.05


def take_lock(path: Path, timeout_s: float, message: str) -> int:
    """Return a file descriptor that holds the lock; waits up to ``timeout_s`` for it.

    Close it to release the lock; pass it to children with ``pass_fds``. Raises ConfigError with
    ``message`` if another process holds the lock.
    """
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(lock)
                raise ConfigError(message) from None
            time.sleep(_POLL_S)
        else:
            return lock
