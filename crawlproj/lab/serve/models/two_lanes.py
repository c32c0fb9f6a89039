"""Two lanes: an event loop in front, a pool of threads for the short queries, one for the slow.

A slow query that is not through within its time limit is given up with 503, whether it waited for a
place or for its answer; as many places as the thread pool has are shared out between the lanes.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from crawlproj.lab.serve.applications.blocking import HEAD_ENDS, message, path_of
from crawlproj.lab.serve.service import (
    BACKLOG,
    NOT_FOUND,
    OK,
    UNAVAILABLE,
    Items,
    Query,
    Service,
)


def run(service: Service) -> None:
    """Serve."""
    asyncio.run(_Lanes(service).serve())


class _Lanes:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._items = Items(service.database)
        self._short = ThreadPoolExecutor(service.places // 2)
        self._slow = ThreadPoolExecutor(service.places - service.places // 2)

    async def serve(self) -> None:
        port = self._service.port
        server = await asyncio.start_server(self._client, "127.0.0.1", port, backlog=BACKLOG)
        await server.serve_forever()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(HEAD_ENDS)
            writer.write(message(*await self._answer(path_of(head))))
        except asyncio.IncompleteReadError:
            pass  # it went away
        finally:
            writer.close()

    async def _answer(self, path: str) -> tuple[str, bytes]:
        query = Query.of(path)
        if query is None:
            return NOT_FOUND, b""
        run = asyncio.get_running_loop().run_in_executor
        if not query.slow:
            return OK, await run(self._short, self._items.answer, query)
        try:
            async with asyncio.timeout(self._service.limit_s):
                return OK, await run(self._slow, self._slow_answer, query)
        except TimeoutError:
            return UNAVAILABLE, b""

    def _slow_answer(self, query: Query) -> bytes:
        time.sleep(self._service.slow_s)
        return self._items.answer(query)
