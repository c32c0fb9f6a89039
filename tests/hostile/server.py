"""Serves each case on a port of its own, and a healthy site."""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING

import trustme

from tests.hostile.cases import ROBOTS, http
from tests.http.mockserver import Reader, Server, Writer

if TYPE_CHECKING:
    from tests.hostile.cases import Case


class HostileSite(Server):
    """Answers as its case says, and closes the connection."""

    def __init__(self, case: Case) -> None:
        super().__init__(_unknown_certificate() if case.unknown_certificate else None)
        self.case = case

    @property
    def address(self) -> str:
        """The URL of its page."""
        if self.case.elsewhere:
            return self.case.elsewhere
        return f"{self.case.scheme}://127.0.0.1:{self.port}{self.case.path}"

    async def converse(self, reader: Reader, writer: Writer) -> None:
        head = await reader.readexactly(1)
        if head == b"\x16":  # a TLS handshake
            writer.write(http(b"", status="400 Bad Request"))
            return
        head += await reader.readuntil(b"\r\n\r\n")
        robots = self.case.robots
        page = self.case.page
        answer = robots if robots is not None and head.startswith(b"GET /robots.txt ") else page
        if isinstance(answer, bytes):
            writer.write(answer)
            await writer.drain()
        else:
            await answer(writer)


def _unknown_certificate() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return context


class HealthySite(Server):
    """Has pages without faults; keeps its connections open."""

    def __init__(self, pages: int) -> None:
        super().__init__()
        self._pages = pages
        self.finished_at = 0.0

    @property
    def addresses(self) -> list[str]:
        """The URLs of its pages."""
        return [self.url(f"/{number}") for number in range(self._pages)]

    async def converse(self, reader: Reader, writer: Writer) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ")[1]
            writer.write(ROBOTS if path == b"/robots.txt" else http(b"<p>page %s</p>" % path[1:]))
            await writer.drain()
            self.finished_at = time.monotonic()
            if path == b"/robots.txt":
                return
