"""Serves the demo web: HTTP/1.1 with keep-alive on bare sockets, cheap enough to benchmark against.

A line of the access log: unix seconds, site, method, path, status and requests in flight at the
site (this one included), by tabs. It is written when the request has arrived, at once and with one
write, so that the requests of a crawler that was killed are in it. Status 0 is no answer.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import struct
import sys
import time
from collections import Counter
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from crawlproj.demo.pages import Answer, SiteSpec, answer

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAX_HEAD = 65_536


class _Site:
    def __init__(self, spec: SiteSpec, log: int) -> None:
        self.spec = spec
        self.base = ""
        self.visits: Counter[str] = Counter()
        self.in_flight = 0
        self._log = log

    def receive(self, method: str, path: str) -> Answer:
        """Note a request that has arrived; returns what to answer."""
        self.in_flight += 1
        self.visits[path] += 1
        found = answer(self.spec, self.base, path, self.visits[path])
        fields = (f"{time.time():.6f}", self.spec.name, method, path, found.status, self.in_flight)
        os.write(self._log, ("\t".join(map(str, fields)) + "\n").encode())
        return found


class _Connection(asyncio.Protocol):
    """One request at a time; further ones wait in the buffer."""

    def __init__(self, site: _Site) -> None:
        self._site = site
        self._received = b""
        self._answering = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - Protocol's
        if self._timer is not None:
            self._timer.cancel()
        self._done()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if len(self._received) > _MAX_HEAD:
            self._transport.abort()
        elif not self._answering:
            self._next()

    def _next(self) -> None:
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head, self._received = self._received[:end], self._received[end + 4 :]
        method, path, *_ = (*head.partition(b"\r\n")[0].decode("latin-1").split(" "), "", "")
        if method not in {"GET", "HEAD"}:
            self._transport.write(_head(Answer(405)))
            self._transport.close()
            return
        self._answering = True
        found = self._site.receive(method, path)
        close = b"\r\nconnection: close" in head.lower()
        wait_s = self._site.spec.wait_s
        if wait_s and path != "/robots.txt":
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(wait_s, self._send, found, method, close)
        else:
            self._send(found, method, close)

    def _send(self, found: Answer, method: str, close: bool) -> None:
        body = found.body if method == "GET" else b""
        match found.ending:
            case "hanging":
                return
            case "reset":
                _reset_when_closed(self._transport)
                self._transport.abort()
            case "closed":
                self._transport.close()
            case "truncated":
                self._transport.writelines([_head(found), body[: len(body) // 2]])
                self._transport.close()
            case "whole":
                self._transport.writelines([_head(found), body])
        self._done()
        if close:
            self._transport.close()
        elif not self._transport.is_closing():
            self._next()

    def _done(self) -> None:
        if self._answering:
            self._answering = False
            self._site.in_flight -= 1


def _head(found: Answer) -> bytes:
    extra = "".join(f"{name}: {value}\r\n" for name, value in found.headers)
    return (
        f"HTTP/1.1 {found.status} {HTTPStatus(found.status).phrase}\r\n"
        f"Content-Type: {found.content_type}\r\nContent-Length: {len(found.body)}\r\n{extra}\r\n"
    ).encode()


def _reset_when_closed(transport: asyncio.Transport) -> None:
    # Lingering for zero seconds makes the kernel send RST instead of FIN.
    with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class _Control(asyncio.Protocol):
    """Answers each line of standard input with this process's CPU seconds; ends when it closes."""

    def __init__(self, ended: asyncio.Event) -> None:
        self._ended = ended

    def data_received(self, data: bytes) -> None:
        for _ in range(data.count(b"\n")):
            _say({"cpu_s": time.process_time()})

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - Protocol's
        self._ended.set()


def _say(message: dict[str, str] | dict[str, float]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


async def serve(specs: Sequence[SiteSpec], log: int) -> None:
    """Serve until standard input closes or SIGTERM comes.

    Prints one JSON object, site name → base URL, when all sites are ready.

    log: file descriptor of the access log, opened for appending.
    """
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    sites = [_Site(spec, log) for spec in specs]
    port = 0
    for number, site in enumerate(sites, start=2):
        server = await _listen(site, f"127.0.0.{number}", port)
        host, port = server.sockets[0].getsockname()
        site.base = f"http://{host}:{port}"
    await loop.connect_read_pipe(partial(_Control, ended), sys.stdin)
    _say({site.spec.name: site.base for site in sites})
    await ended.wait()


async def _listen(site: _Site, host: str, port: int) -> asyncio.Server:
    """Listen at an address and a port; at another port, or the usual address, if they are taken."""
    loop = asyncio.get_running_loop()
    make = partial(_Connection, site)
    for wanted_host, wanted_port in ((host, port), (host, 0)):
        try:
            return await loop.create_server(make, wanted_host, wanted_port, backlog=1024)
        except OSError:
            # Not every system answers to all of 127.0.0.0/8.
            continue
    return await loop.create_server(make, "127.0.0.1", 0, backlog=1024)
