"""The lab's site: serves pages after a latency each, at so little CPU that it is never the limit.

``python -m crawlproj.lab.fetch.site.server`` prints its port and the number of its addresses, which
start at 127.0.0.1. Until its standard input is closed, it then reads orders, lines of JSON, and
answers each with a line::

    {"latency": "lognormal:100ms,0.5", "pages": 1000, "page_bytes": 10000}
        serves pages 0 to 999 at /page/n from now on, and resets the counts; answers {}
    {}
        answers the counts since then, as ``SiteCounts`` has them
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, cast

import uvloop

from crawlproj.lab.fetch.site.latency import Latency
from crawlproj.open_files import allow_many_open_files

if TYPE_CHECKING:
    from collections.abc import Sequence

_BACKLOG = 4096
_MAX_SITES = 8  # addresses; a crawler takes each for a site
_MAX_WRONG = 20  # pages that the counts name
_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n"
_FILLER = (
    b"<p>Waiting is what a crawler does most of the time, for sites that nobody controls.</p>\n"
)


@dataclass(slots=True)
class SiteCounts:
    """The requests that the site has seen since it was last ordered to serve pages.

    fetched_once: how many pages were requested exactly once. wrong: {page: requests} of the first
    of the others. max_in_flight: requests at a time. max_connections: connections at a time.
    connections_opened: in total. cpu_s: CPU seconds of the server.
    """

    fetched_once: int = 0
    wrong: dict[int, int] = field(default_factory=dict)
    max_in_flight: int = 0
    max_connections: int = 0
    connections_opened: int = 0
    cpu_s: float = 0.0


class Site:
    """The pages, and the counts of their requests."""

    def __init__(self) -> None:
        self._connections = 0
        self.serve(Latency("fixed", 0.0), 0, 0)

    def serve(self, latency: Latency, pages: int, page_bytes: int) -> None:
        """Serve these pages from now on, and reset the counts."""
        self.latencies: Sequence[float] = latency.of_pages(pages)
        self._filler = _FILLER * (page_bytes // len(_FILLER) + 1)
        self._page_bytes = page_bytes
        self._requests: Counter[int] = Counter()
        self._in_flight = 0
        self._counts = SiteCounts(max_connections=self._connections)
        self._cpu_s = _cpu_s()

    def counts(self) -> SiteCounts:
        """Return the counts since ``serve``."""
        counts, requests = self._counts, self._requests
        pages = range(len(self.latencies))
        counts.fetched_once = sum(requests[page] == 1 for page in pages)
        wrong = [page for page in pages if requests[page] != 1]
        counts.wrong = {page: requests[page] for page in wrong[:_MAX_WRONG]}
        counts.cpu_s = _cpu_s() - self._cpu_s
        return counts

    def response(self, page: int, *, close: bool) -> bytes:
        """Return the response with a page. close: whether the connection closes after it."""
        head = b"page %d\n" % page
        body = head + self._filler[: max(0, self._page_bytes - len(head))]
        end = b"Connection: close\r\n\r\n" if close else b"\r\n"
        return _HEAD % len(body) + end + body

    def connected(self) -> None:
        self._connections += 1
        self._counts.connections_opened += 1
        self._counts.max_connections = max(self._counts.max_connections, self._connections)

    def disconnected(self) -> None:
        self._connections -= 1

    def requested(self, page: int) -> SiteCounts:
        """Count a request; return the counts it belongs to, for ``responded``."""
        self._requests[page] += 1
        self._in_flight += 1
        self._counts.max_in_flight = max(self._counts.max_in_flight, self._in_flight)
        return self._counts

    def responded(self, counts: SiteCounts) -> None:
        if counts is self._counts:  # otherwise it is left over from a client that was killed
            self._in_flight -= 1


class _Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive: GET without a body, one request at a time."""

    def __init__(self, site: Site, loop: asyncio.AbstractEventLoop) -> None:
        self._site = site
        self._loop = loop
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._site.connected()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - not needed
        self._site.disconnected()

    def data_received(self, data: bytes) -> None:
        head, end, self._rest = (self._rest + data).partition(b"\r\n\r\n")
        if not end:
            self._rest = head
            return
        path = head.split(b" ", 2)[1]
        close = b"onnection: close" in head or b"HTTP/1.0" in head
        digits = path.removeprefix(b"/page/")
        if not digits.isdigit() or int(digits) >= len(self._site.latencies):
            self._transport.write(_NOT_FOUND)
            return
        page = int(digits)
        counts = self._site.requested(page)
        self._loop.call_later(self._site.latencies[page], self._respond, counts, page, close)

    def _respond(self, counts: SiteCounts, page: int, close: bool) -> None:
        self._site.responded(counts)
        if not self._transport.is_closing():
            self._transport.write(self._site.response(page, close=close))
            if close:
                self._transport.close()


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    site = Site()

    async def listen(host: str, port: int) -> int:
        server = await loop.create_server(
            lambda: _Connection(site, loop), host, port, backlog=_BACKLOG
        )
        bound_port: int = server.sockets[0].getsockname()[1]
        return bound_port

    port, sites = await listen("127.0.0.1", 0), 1
    with contextlib.suppress(OSError):  # some systems have only one loopback address
        while sites < _MAX_SITES:
            await listen(f"127.0.0.{sites + 1}", port)
            sites += 1
    _print({"port": port, "sites": sites})
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        order = json.loads(line)
        if order:
            site.serve(Latency.parse(order["latency"]), order["pages"], order["page_bytes"])
            _print({})
        else:
            _print(asdict(site.counts()))


def _print(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    allow_many_open_files()
    uvloop.run(_serve())
