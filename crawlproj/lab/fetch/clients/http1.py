"""A minimal HTTP/1.1 client without I/O of its own, for the models that do theirs themselves.

GET with keep-alive; bodies with a Content-Length only. The blocking models use http.client.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawlproj.lab.fetch.job import Job

READ_BYTES = 65_536
_LENGTH = b"\r\ncontent-length:"


class HttpError(Exception):
    """An answer that is not a page, or that this client cannot read."""


def request(job: Job, page: int) -> bytes:
    """Return the bytes that ask for a page."""
    return f"GET {job.path(page)} HTTP/1.1\r\nHost: {job.host}:{job.port}\r\n\r\n".encode()


def connecting(job: Job) -> socket.socket:
    """Return a socket that does not block and is being connected: writable when it is."""
    sock = socket.socket()
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.connect_ex((job.host, job.port))
    return sock


class Answer:
    """One answer, fed with what the socket has."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._body_at = 0
        self._end = 0

    def feed(self, data: bytes | bytearray) -> bytes | None:
        """Return the body once it is whole; raises HttpError."""
        if not data:
            raise HttpError("the site closed the connection before the end of its answer")
        self._data += data
        if not self._end:
            self._read_head()
        if not self._end or len(self._data) < self._end:
            return None
        return bytes(self._data[self._body_at : self._end])

    def _read_head(self) -> None:
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._data[:end]).lower()
        status = head.split(b" ", 2)[1]
        at = head.find(_LENGTH)
        if status != b"200" or at < 0:
            raise HttpError(f"the site answered {head.splitlines()[0]!r}, length {at >= 0}")
        length = head[at + len(_LENGTH) :].split(b"\r\n", 1)[0]
        self._body_at = end + 4
        self._end = self._body_at + int(length)
