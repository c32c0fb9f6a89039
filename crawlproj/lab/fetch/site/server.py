"""The lab's site: pages that come after a latency of their own, cheap enough not to be the limit.

``python -m crawlproj.lab.fetch.site.server`` prints its port and at how many addresses, from
127.0.0.1 on, it is. Then it obeys lines of JSON on its standard input with a line each, until that
is closed::

    {"latency": "lognormal:100ms,0.5", "pages": 1000, "page_bytes": 10000}
        forgets what was; from now on pages 0 to 999 are at /page/n
    {}
        what was since: see ``Account``
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
from crawlproj.lab.system.open_files import open_many_files

if TYPE_CHECKING:
    from collections.abc import Sequence

BACKLOG = 4096
MOST_SITES = 8  # addresses; crawlers know sites by them
MOST_WRONG = 20  # pages named in an account
_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n"
_FILLER = (
    b"<p>Waiting is what a crawler does most of the time, for sites that nobody controls.</p>\n"
)


@dataclass(slots=True)
class Account:
    """What the site has seen since it was last told what to serve.

    once: pages asked for exactly once. wrong: of the others, the first, and how often each.
    in_flight, connections: the most at one time. opened: connections.
    cpu_s: what the server used.
    """

    once: int = 0
    wrong: dict[int, int] = field(default_factory=dict)
    in_flight: int = 0
    connections: int = 0
    opened: int = 0
    cpu_s: float = 0.0


class Site:
    """What is served, and the account of it."""

    def __init__(self) -> None:
        self._connections = 0
        self.serve(Latency("fixed", 0.0), 0, 0)

    def serve(self, latency: Latency, pages: int, page_bytes: int) -> None:
        """Serve these from now on, and forget what was."""
        self.latencies: Sequence[float] = latency.of_pages(pages)
        self._filler = _FILLER * (page_bytes // len(_FILLER) + 1)
        self._page_bytes = page_bytes
        self._asked: Counter[int] = Counter()
        self._in_flight = 0
        self._account = Account(connections=self._connections)
        self._cpu_s = _cpu_s()

    def account(self) -> Account:
        """Return what was since."""
        account, asked = self._account, self._asked
        pages = range(len(self.latencies))
        account.once = sum(asked[page] == 1 for page in pages)
        wrong = [page for page in pages if asked[page] != 1]
        account.wrong = {page: asked[page] for page in wrong[:MOST_WRONG]}
        account.cpu_s = _cpu_s() - self._cpu_s
        return account

    def page(self, page: int, *, close: bool) -> bytes:
        """Return the answer with a page."""
        head = b"page %d\n" % page
        body = head + self._filler[: max(0, self._page_bytes - len(head))]
        last = b"Connection: close\r\n\r\n" if close else b"\r\n"
        return _HEAD % len(body) + last + body

    def connected(self) -> None:
        self._connections += 1
        self._account.opened += 1
        self._account.connections = max(self._account.connections, self._connections)

    def disconnected(self) -> None:
        self._connections -= 1

    def asked(self, page: int) -> Account:
        """Return the account that ``answered`` is to be told."""
        self._asked[page] += 1
        self._in_flight += 1
        self._account.in_flight = max(self._account.in_flight, self._in_flight)
        return self._account

    def answered(self, account: Account) -> None:
        if account is self._account:  # else left over from a client that was killed
            self._in_flight -= 1


class _Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive: GET without a body, one at a time."""

    def __init__(self, site: Site, loop: asyncio.AbstractEventLoop) -> None:
        self._site = site
        self._loop = loop
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._site.connected()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - all the same
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
        account = self._site.asked(page)
        self._loop.call_later(self._site.latencies[page], self._answer, account, page, close)

    def _answer(self, account: Account, page: int, close: bool) -> None:
        self._site.answered(account)
        if not self._transport.is_closing():
            self._transport.write(self._site.page(page, close=close))
            if close:
                self._transport.close()


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    site = Site()

    async def listen(host: str, port: int) -> int:
        server = await loop.create_server(
            lambda: _Connection(site, loop), host, port, backlog=BACKLOG
        )
        found: int = server.sockets[0].getsockname()[1]
        return found

    port, sites = await listen("127.0.0.1", 0), 1
    with contextlib.suppress(OSError):  # not every system has more loopback addresses
        while sites < MOST_SITES:
            await listen(f"127.0.0.{sites + 1}", port)
            sites += 1
    _say({"port": port, "sites": sites})
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        order = json.loads(line)
        if order:
            site.serve(Latency.parse(order["latency"]), order["pages"], order["page_bytes"])
            _say({})
        else:
            _say(asdict(site.account()))


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    open_many_files()
    uvloop.run(_serve())
