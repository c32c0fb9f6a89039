"""A minimal HTTP/1.1 client without I/O, for the models that read and write sockets themselves.

It supports GET with keep-alive, and responses with a Content-Length.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawlproj.lab.fetch.toolkit.job import Job

READ_BYTES = 65_536
_LENGTH = b"\r\ncontent-length:"


class HttpError(Exception):
    """A response that is not a page, or that this client cannot read."""


def request(job: Job, page: int) -> bytes:
    """Return the bytes of the request for a page."""
    return f"GET {job.path(page)} HTTP/1.1\r\nHost: {job.host}:{job.port}\r\n\r\n".encode()


def connecting_socket(job: Job) -> socket.socket:
    """Return a non-blocking socket that is connecting; it is writable once it is connected."""
    sock = socket.socket()
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.connect_ex((job.host, job.port))
    return sock


class Response:
    """One response, read as its bytes arrive."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._body_at = 0
        self._end = 0

    def feed(self, data: bytes | bytearray) -> bytes | None:
        """Add bytes; return the body once it is complete, else None. Raises HttpError."""
        if not data:
            raise HttpError("the site closed the connection before the end of its response")
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
            line = head.splitlines()[0].decode("latin-1")
            length = "without" if at < 0 else "with"
            raise HttpError(f"the site responded {line!r}, {length} a Content-Length")
        length_bytes = head[at + len(_LENGTH) :].split(b"\r\n", 1)[0]
        self._body_at = end + 4
        self._end = self._body_at + int(length_bytes)
