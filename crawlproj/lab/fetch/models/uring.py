"""Completion-based I/O: io_uring performs an operation and reports when it is done.

epoll reports that a socket can be read, and reading it takes another system call. With io_uring, a
process puts requests to connect, send and receive into a ring of memory that it shares with the
kernel, and finds the results in another ring. One system call submits and awaits any number.
"""

from __future__ import annotations

import ctypes
import os
import platform
import socket
import sys
from typing import TYPE_CHECKING, Any

from crawlproj.lab.fetch.toolkit.http1 import READ_BYTES, Response, request
from crawlproj.lab.fetch.toolkit.job import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crawlproj.lab.fetch.toolkit.job import Job

_SETUP = 425  # the system call's number, on every architecture but alpha
_PARAMS_BYTES = 120


def missing() -> str:
    """Try io_uring_setup(2); return why it fails on this machine, or "" if it works."""
    if sys.platform != "linux":
        return f"io_uring needs Linux; this is {sys.platform}"
    libc = ctypes.CDLL(None, use_errno=True)
    ring = libc.syscall(_SETUP, 8, ctypes.create_string_buffer(_PARAMS_BYTES))
    if ring < 0:
        why = os.strerror(ctypes.get_errno())
        return f"io_uring_setup on Linux {platform.release()}: {why}"
    os.close(ring)
    return ""


def run(job: Job) -> None:
    """Fetch all pages, with a connection for each request in flight."""
    import liburing  # noqa: PLC0415 - missing() must work without it

    ring, cqe = liburing.Ring(), liburing.Cqe()
    liburing.io_uring_queue_init(_power_of_two(job.in_flight), ring)
    job.begin()
    pages = iter(range(job.pages))
    connections = [
        _Connection(job, ring, pages, number) for number in range(min(job.in_flight, job.pages))
    ]
    open_connections = len(connections)
    while open_connections:
        liburing.io_uring_submit_and_wait(ring, 1)
        for _ in range(liburing.io_uring_cq_ready(ring)):
            liburing.io_uring_peek_cqe(ring, cqe)
            done = cqe[0]
            connection, result = connections[done.user_data], done.res
            liburing.io_uring_cqe_seen(ring, done)
            open_connections -= not connection.completed(result)
    liburing.io_uring_queue_exit(ring)


class _Connection:
    """A connection, and the one operation that the kernel performs on it."""

    def __init__(self, job: Job, ring: Any, pages: Iterator[int], number: int) -> None:
        import liburing  # noqa: PLC0415 - see run

        self._uring, self._ring, self._number = liburing, ring, number
        self._job, self._pages = job, pages
        self._sock = socket.socket()
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The kernel reads and writes these during an operation: keep a reference to each.
        self._address = liburing.Sockaddr(int(socket.AF_INET), job.host, job.port)
        self._buffer = bytearray(READ_BYTES)
        self._request = b""
        self._page, self._began, self._response = next(pages), now(), Response()
        liburing.io_uring_prep_connect(self._entry(), self._sock.fileno(), self._address)
        self._then: Callable[[int], bool] = self._connected

    def completed(self, result: int) -> bool:
        """Handle the result of an operation and start the next one; return False after the last."""
        return self._then(result)

    def _connected(self, _: int) -> bool:
        self._send()
        return True

    def _sent(self, _: int) -> bool:
        self._receive()
        return True

    def _received(self, size: int) -> bool:
        body = self._response.feed(self._buffer[:size])
        if body is None:
            self._receive()
            return True
        self._job.finish(self._page, body, self._began)
        page = next(self._pages, None)
        if page is None:
            self._sock.close()
            return False
        self._page, self._began, self._response = page, now(), Response()
        self._send()
        return True

    def _send(self) -> None:
        self._request = request(self._job, self._page)
        self._uring.io_uring_prep_send(self._entry(), self._sock.fileno(), self._request)
        self._then = self._sent

    def _receive(self) -> None:
        self._uring.io_uring_prep_recv(self._entry(), self._sock.fileno(), self._buffer)
        self._then = self._received

    def _entry(self) -> Any:
        entry = self._uring.io_uring_get_sqe(self._ring)
        if not entry:  # the ring is full: submit it
            self._uring.io_uring_submit(self._ring)
            entry = self._uring.io_uring_get_sqe(self._ring)
        entry.user_data = self._number
        return entry


def _power_of_two(minimum: int) -> int:
    return max(8, 1 << (minimum - 1).bit_length())
