"""Forked children, and a queue in a pipe from which they take pages."""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crawlproj.lab.fetch.toolkit.job import Job

_NUMBER = struct.Struct("=I")


class ChildFailed(Exception):
    """A child did not end with status 0; its traceback is on standard error."""


def fork(job: Job, work: Callable[[], None]) -> int:
    """Run ``work`` in a child, which then flushes the job; return the child's pid."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        work()
        job.flush()
        status = 0
    except BaseException:  # noqa: BLE001 - the copy of the parent must not continue
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def wait(pid: int = -1) -> None:
    """Wait for this child, or for any child; raises ChildFailed."""
    pid, status = os.waitpid(pid, 0)
    if status:
        raise ChildFailed(f"child {pid} ended with {os.waitstatus_to_exitcode(status)}")


class PageQueue:
    """Page numbers in a pipe: the kernel gives each to exactly one reader.

    capacity: pages that fit without blocking the writer, so that the queue rarely runs empty for
        a reader that must not block. At most 262,144 (/proc/sys/fs/pipe-max-size).
    """

    def __init__(self, capacity: int = 0) -> None:
        self._read, self._write = os.pipe()
        if capacity:
            fcntl.fcntl(self._write, fcntl.F_SETPIPE_SZ, max(4096, capacity * _NUMBER.size))

    def put(self, page: int) -> None:
        """Append a page; blocks while the pipe is full."""
        os.write(self._write, _NUMBER.pack(page))

    def close(self) -> None:
        """Close the writing end. Every process that has the queue must call this."""
        os.close(self._write)

    def take(self) -> int | None:
        """Return the next page, or None after the last; blocks until there is either."""
        data = os.read(self._read, _NUMBER.size)
        return _NUMBER.unpack(data)[0] if data else None

    def __iter__(self) -> Iterator[int]:
        """Take pages until the last."""
        return iter(self.take, None)
