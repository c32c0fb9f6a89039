"""A TCP proxy in front of Redis, in a separate process: it delays, and counts round trips.

A round trip starts when a client sends a request and its connection has no answer outstanding. So
a pipeline or a transaction that is sent at once is one, as it is for the client that waits.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHUNK = 1 << 18


async def _forward(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    delay_s: float,
    seen: Callable[[], None],
) -> None:
    later = asyncio.get_running_loop().call_later
    while data := await reader.read(_CHUNK):
        seen()
        if delay_s:
            later(delay_s, writer.write, data)
        else:
            writer.write(data)
    later(delay_s, writer.close)


async def _serve(target: int, delay_s: float, port: Any, trips: Any) -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", target)
        waiting = False

        def asked() -> None:
            nonlocal waiting
            trips.value += not waiting
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
    # Undo the parent's handler. Ctrl-C goes to the parent, which stops this process.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(_serve(target, delay_s, port, trips))


class Proxy:
    """A running proxy; see ``proxy_before``."""

    def __init__(self, target: int, delay_s: float) -> None:
        self._port = multiprocessing.Value("i", 0)
        self._trips = multiprocessing.Value("i", 0)
        self.process = multiprocessing.Process(
            target=_run, args=(target, delay_s, self._port, self._trips), daemon=True
        )

    @property
    def port(self) -> int:
        """The port to connect to; 0 before the proxy listens."""
        return int(self._port.value)

    @property
    def trips(self) -> int:
        """Round trips so far."""
        return int(self._trips.value)


@contextmanager
def proxy_before(target: int, delay_s: float) -> Iterator[Proxy]:
    """Run a proxy to a port on loopback; delay_s: delay of each direction in seconds.

    The delay does not limit throughput.
    """
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
