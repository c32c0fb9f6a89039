"""Children by fork, and a pipe as the queue between a master and them."""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crawlproj.lab.fetch.job import Job

_NUMBER = struct.Struct("=I")


class ChildFailed(Exception):
    """A child process did not end with status 0; its traceback is on standard error."""


def fork(job: Job, work: Callable[[], None]) -> int:
    """Run ``work`` in a child, which then writes down what it finished; returns its pid."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        work()
        job.flush()
        status = 0
    except BaseException:  # noqa: BLE001 - nothing may run on in a copy of the parent
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def wait(pid: int = -1) -> None:
    """Wait for a child, any unless given; raises ChildFailed."""
    pid, status = os.waitpid(pid, 0)
    if status:
        raise ChildFailed(f"child {pid} ended with {os.waitstatus_to_exitcode(status)}")


class PageQueue:
    """Page numbers in a pipe: whoever reads one has it, as the kernel gives it to nobody else.

    room: pages that it takes without blocking whoever puts them, so that a reader which must not
        block hardly does; at most 262,144 (/proc/sys/fs/pipe-max-size).
    """

    def __init__(self, room: int = 0) -> None:
        self._read, self._write = os.pipe()
        if room:
            fcntl.fcntl(self._write, fcntl.F_SETPIPE_SZ, max(4096, room * _NUMBER.size))

    def put(self, page: int) -> None:
        """Append a page; blocks while the pipe is full."""
        os.write(self._write, _NUMBER.pack(page))

    def close(self) -> None:
        """Say that no more will come: in every process that has the queue."""
        os.close(self._write)

    def take(self) -> int | None:
        """Return the next page, or None after the last; blocks while there is neither."""
        data = os.read(self._read, _NUMBER.size)
        return _NUMBER.unpack(data)[0] if data else None

    def __iter__(self) -> Iterator[int]:
        """Iterate over what ``take`` gives."""
        return iter(self.take, None)
