"""Servers for the handler's tests: a site (plain and TLS) and an HTTP proxy, on loopback.

They write raw bytes, because the tests are about bytes: ``GET /echo`` returns exactly what arrived.
Run them in a background thread with ``with running(site): site.url("/text")``, or by hand with
``python -m tests.http.mockserver``.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import json
import ssl
import sys
import threading
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKED = gzip.compress(b"<html>packed</html>")
# Path → the response, and whether the connection stays open after it.
_CANNED = {
    "/headers": (
        (
            b"HTTP/1.1 200 OK\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\nX-Raw: caf\xe9\r\n"
            b"X-Empty:\r\nKeep-Alive: timeout=5\r\nContent-Type: text/html\r\n"
            b"Content-Length: 2\r\n\r\nok"
        ),
        True,
    ),
    "/untyped": (b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n<html>no</html>", True),
    "/gzip": (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(_PACKED), _PACKED),
        True,
    ),
    "/chunked": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n",
        True,
    ),
    "/chunked-cut": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n6\r\nabc",
        False,
    ),
    "/short": (b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\npartial data", False),
    "/unframed": (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end", False),
    "/http10": (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold", False),
    "/informed": (
        (
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nafter 103"
        ),
        True,
    ),
    "/stuck": (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nsome", True),
    "/garbage": (b"this is not HTTP\r\n\r\n", False),
    "/half-a-head": (b"HTTP/1.1 200 OK\r\nContent-Le", False),
    "/drop": (b"", False),
}

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter


class Server:
    """A server on a free port of 127.0.0.1; subclasses implement ``converse``."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.port = 0
        self.connections = 0
        self.open_now = 0
        self.max_open = 0
        self.peer = ""  # the address of the last client

    async def converse(self, reader: Reader, writer: Writer) -> None:
        raise NotImplementedError

    async def handle(self, reader: Reader, writer: Writer) -> None:
        self.connections += 1
        self.peer = writer.get_extra_info("peername")[0]
        self.open_now += 1
        self.max_open = max(self.max_open, self.open_now)
        try:
            await self.converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        except asyncio.CancelledError:
            pass  # the server is stopped in the middle of a response
        finally:
            self.open_now -= 1
            writer.close()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"


@contextlib.contextmanager
def running(*servers: Server) -> Iterator[None]:
    """Run ``servers`` in one background thread."""
    ready = threading.Event()
    ends: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        end = asyncio.Event()
        ends.append((asyncio.get_running_loop(), end))
        for server in servers:
            listening = await asyncio.start_server(
                server.handle, "127.0.0.1", 0, ssl=server.tls, backlog=256
            )
            server.port = listening.sockets[0].getsockname()[1]
        ready.set()
        await end.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(PATIENCE_S)
    try:
        yield
    finally:
        loop, end = ends[0]
        loop.call_soon_threadsafe(end.set)
        thread.join(PATIENCE_S)


class Site(Server):
    """A site on which each path answers in a different way; see ``answer``."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls)
        self.requests: list[str] = []

    async def converse(self, reader: Reader, writer: Writer) -> None:
        served: set[str] = set()
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head[:-4].split(b"\r\n")
            method, target, _ = lines[0].decode("latin-1").split(" ", 2)
            length = next(
                (int(line[15:]) for line in lines if line.lower().startswith(b"content-length:")), 0
            )
            body = await reader.readexactly(length)
            path = urlsplit(target).path
            self.requests.append(f"{method} {path}")
            if path == "/silent":
                await reader.read()  # until the client gives up
            if path == "/stale" and "/stale" in served:
                return  # close the connection just as it is used again
            served.add(path)
            if not await self.answer(method, target, head, body, writer):
                return
            if path == "/stuck":
                await reader.read()

    async def answer(
        self, method: str, target: str, head: bytes, body: bytes, writer: Writer
    ) -> bool:
        """Answer one request; return whether the connection stays open."""
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        stays_open = True
        if parts.path in _CANNED:
            reply, stays_open = _CANNED[parts.path]
            writer.write(reply)
        elif parts.path == "/echo":
            seen = {"head": head.decode("latin-1"), "body": body.decode("latin-1")}
            _reply(writer, json.dumps(seen).encode(), "application/json")
        elif parts.path == "/status":
            line = f"HTTP/1.1 {query['code']} X\r\nLocation: /text\r\nContent-Length: 0\r\n\r\n"
            writer.write(line.encode())
        elif parts.path == "/big":
            _reply(writer, b"x" * int(query["n"]), "text/plain", method=method)
        elif parts.path == "/typed":
            _reply(writer, b"<html>typed</html>", query["as"])
        elif parts.path == "/chunked-big":
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(64):
                writer.write(b"4000\r\n" + b"y" * 0x4000 + b"\r\n")
                await writer.drain()
            writer.write(b"0\r\n\r\n")
        elif parts.path == "/slow":
            await asyncio.sleep(float(query["s"]))
            _reply(writer, b"slow", "text/plain")
        else:
            _reply(writer, b"Works", "text/plain", method=method)
        await writer.drain()
        return stays_open


class Proxy(Server):
    """An HTTP proxy: forwards absolute-form requests, tunnels CONNECT, may require credentials."""

    def __init__(self, credentials: str = "", tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls)
        self.expected = ""
        if credentials:
            self.expected = "Basic " + base64.b64encode(credentials.encode()).decode()
        self.heads: list[str] = []

    async def converse(self, reader: Reader, writer: Writer) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            if self.expected and f"Proxy-Authorization: {self.expected}\r\n" not in head:
                writer.write(b"HTTP/1.1 407 Credentials Please\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
                continue
            method, target, _ = head.split(" ", 2)
            if method == "CONNECT":
                host, port = target.rsplit(":", 1)
                upstream = await asyncio.open_connection(host, int(port))
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await asyncio.gather(_pump(reader, upstream[1]), _pump(upstream[0], writer))
                return
            _reply(writer, json.dumps({"head": head}).encode(), "application/json")
            await writer.drain()


async def _pump(reader: Reader, writer: Writer) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


def _reply(writer: Writer, body: bytes, content_type: str, *, method: str = "GET") -> None:
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode("latin-1")
    )
    # In one piece: a client that gets the head alone has an answer that has begun, and not ended.
    writer.write(head if method == "HEAD" else head + body)


if __name__ == "__main__":
    site, proxy = Site(), Proxy()
    with running(site, proxy):
        sys.stdout.write(f"site {site.url('/text')}\nproxy {proxy.url('')}\npress Enter to stop\n")
        sys.stdin.readline()
