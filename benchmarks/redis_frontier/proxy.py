"""A TCP proxy before Redis, in a process of its own: it delays, and counts round trips.

A round trip is a request that a client sends while none of its connection waits for an answer: a
pipeline or a transaction that is sent at once is one, as it is for the client that waits.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


async def _forward(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float, seen: Any
) -> None:
    loop = asyncio.get_running_loop()
    while data := await reader.read(1 << 18):
        seen()
        if delay_s:
            loop.call_later(delay_s, writer.write, data)
        else:
            writer.write(data)
    writer.close()


async def _serve(target: int, delay_s: float, port: Any, trips: Any) -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", target)
        waiting = False

        def asked() -> None:
            nonlocal waiting
            if not waiting:
                trips.value += 1
            waiting = True

        def answered() -> None:
            nonlocal waiting
            waiting = False

        await asyncio.gather(
            _forward(reader, to_server, delay_s, asked),
            _forward(from_server, writer, delay_s, answered),
            return_exceptions=True,
        )

    server = await asyncio.start_server(client, "127.0.0.1", 0)
    port.value = server.sockets[0].getsockname()[1]
    await server.serve_forever()


def _run(target: int, delay_s: float, port: Any, trips: Any) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the parent's handler came along
    asyncio.run(_serve(target, delay_s, port, trips))


class Proxy:
    """What ``proxy_before`` yields. port: where to connect to. trips: so far."""

    def __init__(self, target: int, delay_s: float) -> None:
        self._port = multiprocessing.Value("i", 0)
        self._trips = multiprocessing.Value("i", 0)
        self.process = multiprocessing.Process(
            target=_run, args=(target, delay_s, self._port, self._trips), daemon=True
        )

    @property
    def port(self) -> int:
        return int(self._port.value)

    @property
    def trips(self) -> int:
        return int(self._trips.value)


@contextmanager
def proxy_before(target: int, delay_s: float) -> Iterator[Proxy]:
    """A proxy to a server on loopback; delay_s: how much later each direction delivers."""
    proxy = Proxy(target, delay_s)
    proxy.process.start()
    try:
        while not proxy.port:
            proxy.process.join(0.01)
            assert proxy.process.is_alive()
        yield proxy
    finally:
        proxy.process.terminate()
        proxy.process.join()
