"""The least of HTTP/1.1 that a server of queries needs: GET, one request a connection."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from crawlproj.lab.serve.service import Items, Service, respond

if TYPE_CHECKING:
    import socket

HEAD_ENDS = b"\r\n\r\n"
_MOST_HEAD = 8192


def path_of(head: bytes) -> str:
    """Return the path that is asked for."""
    return head.split(b" ", 2)[1].decode("latin-1")


def message(status: str, body: bytes) -> bytes:
    """Return an answer, after which the connection closes."""
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode("latin-1") + body


class Handler:
    """Answers connections in blocking code."""

    def __init__(self, service: Service) -> None:
        self._slow_s = service.slow_s
        self._items = Items(service.database)

    def handle(self, connection: socket.socket) -> None:
        """Read a request, answer it and close."""
        with connection:
            head = b""
            while HEAD_ENDS not in head:
                more = connection.recv(_MOST_HEAD)
                if not more or len(head) > _MOST_HEAD:
                    return
                head += more
            answer = respond(self._items, path_of(head), self._wait)
            connection.sendall(message(*answer))

    def _wait(self) -> None:
        time.sleep(self._slow_s)
