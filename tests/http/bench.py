"""Compares the CPU time per request of download handlers: ``python -m tests.http.bench``.

One process serves a 13 KB page from a raw asyncio protocol. Each contender runs in its own process
on uvloop, with 64 requests in flight, and reports its CPU time per request. Rounds are interleaved,
because shared machines are noisy. Prints the median and its ratio to raw aiohttp.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from typing import Any, cast

PAGE = b"<html><head><title>page</title></head><body>" + b"<p>text</p>" * 1200 + b"</body></html>"
REPLY = (
    b"HTTP/1.1 200 OK\r\nServer: bench\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
    b"Content-Type: text/html; charset=utf-8\r\nCache-Control: max-age=60\r\n"
    b'ETag: "abc"\r\nVary: Accept\r\nContent-Length: %d\r\n\r\n' % len(PAGE)
) + PAGE
HANDLERS = {
    "crawlproj": "crawlproj.http.DownloadHandler",
    "scrapy-aiohttp": "scrapy.core.downloader.handlers._aiohttp.AiohttpDownloadHandler",
    "scrapy-http11": "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler",
}
IN_FLIGHT = 64


class _PageServer(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._pending = b""

    def data_received(self, data: bytes) -> None:
        self._pending += data
        while b"\r\n\r\n" in self._pending:
            _, _, self._pending = self._pending.partition(b"\r\n\r\n")
            self._transport.write(REPLY)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_PageServer, "127.0.0.1", 0, backlog=512)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)  # until the parent exits


async def _in_flight(total: int, fetch: Any) -> float:
    numbers = iter(range(total))

    async def worker() -> None:
        for number in numbers:
            await fetch(number)

    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))  # warm up connections and caches
    numbers = iter(range(total))
    started = time.process_time()
    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
    return (time.process_time() - started) / total * 1e6


async def _raw(port: int, total: int) -> float:
    import aiohttp  # noqa: PLC0415

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=IN_FLIGHT)) as session:

        async def fetch(number: int) -> None:
            async with session.get(f"http://127.0.0.1:{port}/page/{number}") as response:
                assert len(await response.read()) == len(PAGE)

        return await _in_flight(total, fetch)


async def _handler(name: str, port: int, total: int) -> float:
    from scrapy import Request  # noqa: PLC0415
    from scrapy.utils.misc import build_from_crawler, load_object  # noqa: PLC0415
    from scrapy.utils.test import get_crawler  # noqa: PLC0415

    settings = {
        "CONCURRENT_REQUESTS": IN_FLIGHT,
        "CONCURRENT_REQUESTS_PER_DOMAIN": IN_FLIGHT,
        "GUARD_ALLOW": ["127.0.0.0/8"],
    }
    crawler = get_crawler(settings_dict=settings)
    crawler.spider = crawler._create_spider("bench")
    handler = build_from_crawler(load_object(HANDLERS[name]), crawler)

    requests = [  # built beforehand: not part of the handler's cost
        Request(
            f"http://127.0.0.1:{port}/page/{number}",
            headers={"User-Agent": "bench", "Accept": "*/*", "Accept-Language": "en"},
            meta={"download_timeout": 30.0},
        )
        for number in range(total)
    ]

    async def fetch(number: int) -> None:
        response = await handler.download_request(requests[number])
        assert len(response.body) == len(PAGE)

    try:
        return await _in_flight(total, fetch)
    finally:
        await handler.close()


def _worker(name: str, port: int, total: int, profile: str) -> None:
    """Run one contender under the asyncio reactor on uvloop, as Scrapy does."""
    from scrapy.utils.reactor import install_reactor  # noqa: PLC0415

    install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor", "uvloop.Loop")
    from twisted.internet import reactor as installed  # noqa: PLC0415

    reactor: Any = installed

    async def run() -> None:
        coroutine = _raw(port, total) if name == "raw-aiohttp" else _handler(name, port, total)
        try:
            sys.stdout.write(f"{await coroutine}\n")
        finally:
            reactor.stop()

    reactor.callWhenRunning(lambda: asyncio.ensure_future(run()))
    if profile:
        import cProfile  # noqa: PLC0415

        cProfile.runctx("reactor.run()", {"reactor": reactor}, {}, profile)
    else:
        reactor.run()


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=6000, help="per contender and round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", help="one contender")
    parser.add_argument("--profile", default="", help="write a cProfile file (with --only)")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        import uvloop  # noqa: PLC0415

        uvloop.run(_serve())
        return
    if args.worker:
        _worker(args.worker, args.port, args.requests, args.profile)
        return
    names = [args.only] if args.only else ["raw-aiohttp", *HANDLERS]
    this = [sys.executable, "-m", "tests.http.bench"]
    server = subprocess.Popen(
        [*this, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    port = server.stdout.readline().strip()
    measured: dict[str, list[float]] = {name: [] for name in names}
    try:
        for _ in range(args.rounds):
            for name in names:
                run = [*this, "--worker", name, "--port", port, "--requests", str(args.requests)]
                if args.profile:
                    run += ["--profile", args.profile]
                done = subprocess.run(run, check=True, stdout=subprocess.PIPE, text=True)
                measured[name].append(float(done.stdout.split()[-1]))
    finally:
        assert server.stdin is not None
        server.stdin.close()
        server.wait()
    base = statistics.median(measured[names[0]])
    for name, values in measured.items():
        median = statistics.median(values)
        sys.stdout.write(f"{name:16} {median:7.1f} µs CPU/request  x {median / base:.2f}\n")


if __name__ == "__main__":
    _main()
