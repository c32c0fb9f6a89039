"""Serves the demo web: HTTP/1.1 with keep-alive on asyncio, cheap enough to benchmark against.

The access log gets a line when a request arrives. Its fields, separated by tabs: unix seconds,
site, method, path, status, and requests in flight at the site, this one included. Status 0 means
that there is no answer, or that the site's weather has not decided on it yet.

The log of answers gets a line when a request ends: unix seconds of the request and of its answer,
site, path, status, and how it ended (see pages.Answer). If the client disconnected before an
answer, the status is 0 and the ending "abandoned".

Each line is written at once and in one piece: the logs are complete whenever a crawler is killed.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
import struct
import sys
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, cast
from zlib import crc32

from crawlproj.demo.driving import WeatherDriver
from crawlproj.demo.pages import Answer, SiteSpec, answer, answer_in_weather
from crawlproj.demo.weather import Weather

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawlproj.demo.weather import Reply

_MAX_HEAD = 65_536


@dataclass(frozen=True, slots=True)
class Logs:
    """File descriptors opened for appending; answers are not logged if ``answers`` is None."""

    requests: int
    answers: int | None = None

    @staticmethod
    def write(file: int, *fields: object) -> None:
        """Write a line of fields; floats are times."""
        texts = [f"{field:.6f}" if isinstance(field, float) else str(field) for field in fields]
        os.write(file, ("\t".join(texts) + "\n").encode())


class _Site:
    def __init__(self, spec: SiteSpec, logs: Logs) -> None:
        self.spec = spec
        self.base = ""
        self.visits: Counter[str] = Counter()
        self.in_flight = 0
        self._logs = logs
        self._weather: WeatherDriver | None = None
        if spec.weather is not None:
            seed = crc32(spec.name.encode())
            self._weather = WeatherDriver(Weather.from_dict(spec.weather), seed)

    def receive(
        self, arrived: float, method: str, path: str, send: Callable[[Answer], None]
    ) -> None:
        """Take a request; ``send`` is called with its answer, now or later."""
        self.in_flight += 1
        self.visits[path] += 1
        visit = self.visits[path]
        robots = path == "/robots.txt"
        found: Answer | None
        if self._weather is None or robots:
            found = answer(self.spec, self.base, path, visit)
        else:
            reply = self._weather.arrive(lambda late: send(self._in_weather(path, visit, late)))
            found = None if reply is None else self._in_weather(path, visit, reply)
        status = 0 if found is None else found.status
        self._logs.write(
            self._logs.requests, arrived, self.spec.name, method, path, status, self.in_flight
        )
        if found is None:
            return
        if self.spec.wait_s and not robots:
            asyncio.get_running_loop().call_later(self.spec.wait_s, send, found)
        else:
            send(found)

    def finish(self, arrived: float, path: str, status: int, ending: str) -> None:
        """Count and log a request as ended."""
        self.in_flight -= 1
        if self._logs.answers is not None:
            self._logs.write(
                self._logs.answers, arrived, time.time(), self.spec.name, path, status, ending
            )

    def _in_weather(self, path: str, visit: int, reply: Reply) -> Answer:
        return answer_in_weather(self.spec, self.base, path, visit, reply)


class _Connection(asyncio.Protocol):
    """A client's connection. It answers one request at a time; further ones wait in the buffer."""

    def __init__(self, site: _Site) -> None:
        self._site = site
        self._received = b""
        self._answering = False
        self._arrived = 0.0
        self._path = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not a subclass

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - Protocol's
        self._done(0, "abandoned")

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
        self._arrived, self._path = time.time(), path
        close = b"\r\nconnection: close" in head.lower()
        self._site.receive(self._arrived, method, path, partial(self._send, method, close))

    def _send(self, method: str, close: bool, found: Answer) -> None:
        if not self._answering or found.ending == "hanging":  # the client may have disconnected
            return
        self._done(found.status, found.ending)
        body = found.body if method == "GET" else b""
        match found.ending:
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
        if close:
            self._transport.close()
        elif not self._transport.is_closing():
            self._next()

    def _done(self, status: int, ending: str) -> None:
        if self._answering:
            self._answering = False
            self._site.finish(self._arrived, self._path, status, ending)


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
    """Answers each line of standard input with the CPU seconds used; its end sets ``ended``."""

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


async def serve(specs: Sequence[SiteSpec], logs: Logs) -> None:
    """Serve until standard input closes, or SIGTERM or SIGINT arrives.

    A standard input that cannot be waited for, such as /dev/null, is left alone. Prints a JSON
    object of base URLs by site name once all sites are ready.
    """
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, ended.set)
    sites = [_Site(spec, logs) for spec in specs]
    port = 0
    for number, site in enumerate(sites):
        server = await _listen(site, _address(number), port)
        host, port = server.sockets[0].getsockname()
        site.base = f"http://{host}:{port}"
    mode = os.fstat(sys.stdin.fileno()).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or sys.stdin.isatty():
        await loop.connect_read_pipe(partial(_Control, ended), sys.stdin)
    _say({site.spec.name: site.base for site in sites})
    await ended.wait()


def _address(number: int) -> str:
    """Return 127.0.0.2 for site 0, and so on; addresses that end in .0 or .255 are skipped."""
    net, host = divmod(number + 1, 254)
    return f"127.0.{net}.{host + 1}"


async def _listen(site: _Site, host: str, port: int) -> asyncio.Server:
    """Listen on an address and port; on any port, or on 127.0.0.1, if that fails."""
    loop = asyncio.get_running_loop()
    make = partial(_Connection, site)
    for wanted_host, wanted_port in ((host, port), (host, 0)):
        try:
            return await loop.create_server(make, wanted_host, wanted_port, backlog=1024)
        except OSError:
            # Not every system has all of 127.0.0.0/8.
            continue
    return await loop.create_server(make, "127.0.0.1", 0, backlog=1024)
