"""Two lanes: an event loop that passes short queries to one pool of threads, slow ones to another.

A slow query that is not answered within its time limit, the wait for a thread included, gets a 503.
Both lanes together have as many threads as the model thread-pool.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from crawlproj.lab.serve.service.blocking import HEAD_END, path_of, response
from crawlproj.lab.serve.service.queries import (
    BACKLOG,
    NOT_FOUND,
    OK,
    UNAVAILABLE,
    Items,
    Query,
    Service,
)


def run(service: Service) -> None:
    """Serve until killed."""
    asyncio.run(_Lanes(service).serve())


class _Lanes:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._items = Items(service.database)
        self._short = ThreadPoolExecutor(service.slots // 2)
        self._slow = ThreadPoolExecutor(service.slots - service.slots // 2)

    async def serve(self) -> None:
        port = self._service.port
        server = await asyncio.start_server(self._client, "127.0.0.1", port, backlog=BACKLOG)
        await server.serve_forever()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(HEAD_END)
            writer.write(response(*await self._respond(path_of(head))))
        except asyncio.IncompleteReadError:
            pass  # the client closed the connection
        finally:
            writer.close()

    async def _respond(self, path: str) -> tuple[str, bytes]:
        query = Query.from_path(path)
        if query is None:
            return NOT_FOUND, b""
        run = asyncio.get_running_loop().run_in_executor
        if not query.slow:
            return OK, await run(self._short, self._items.read, query)
        try:
            async with asyncio.timeout(self._service.limit_s):
                return OK, await run(self._slow, self._slow_answer, query)
        except TimeoutError:
            return UNAVAILABLE, b""

    def _slow_answer(self, query: Query) -> bytes:
        time.sleep(self._service.slow_s)
        return self._items.read(query)
