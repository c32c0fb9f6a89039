"""The service in blocking code, over a minimal HTTP/1.1: GET, one request per connection."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from crawlproj.lab.serve.service.queries import Items, Service, respond

if TYPE_CHECKING:
    import socket

HEAD_END = b"\r\n\r\n"
_MAX_HEAD = 8192


def path_of(head: bytes) -> str:
    """Return the path of a request."""
    return head.split(b" ", 2)[1].decode("latin-1")


def response(status: str, body: bytes) -> bytes:
    """Return the bytes of a response, after which the connection closes."""
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode("latin-1") + body


class Handler:
    """Answers one request per connection."""

    def __init__(self, service: Service) -> None:
        self._slow_s = service.slow_s
        self._items = Items(service.database)

    def handle(self, connection: socket.socket) -> None:
        """Read a request, answer it, and close the connection."""
        with connection:
            head = b""
            while HEAD_END not in head:
                more = connection.recv(_MAX_HEAD)
                if not more or len(head) > _MAX_HEAD:
                    return
                head += more
            status, body = respond(self._items, path_of(head), self._wait)
            connection.sendall(response(status, body))

    def _wait(self) -> None:
        time.sleep(self._slow_s)
