"""Connections that nobody needs are closed, because at many servers each of them holds a worker."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from scrapy import Request

from crawlproj.http import connection, connector
from crawlproj.http.overtaking import Overtaking
from tests.http.helpers import on_reactor, open_handler
from tests.waiting import until_async

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

_KEEP_ALIVE_S = 20.0  # of the server
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Prefork:
    """A server whose workers each serve one connection until that is closed or idle for long."""

    def __init__(self, workers: int, answer_s: float) -> None:
        self._workers = asyncio.Semaphore(workers)
        self._answer_s = answer_s
        self.url = ""
        self.open = self.opened = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.opened += 1
        try:
            async with self._workers:
                while True:
                    async with asyncio.timeout(_KEEP_ALIVE_S):
                        await reader.readuntil(b"\r\n\r\n")
                    await asyncio.sleep(self._answer_s)
                    writer.write(_ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            pass
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def prefork(workers: int = 100, answer_s: float = 0.01) -> AsyncIterator[Prefork]:
    site = Prefork(workers, answer_s)
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0)
    site.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    try:
        yield site
    finally:
        server.close()


async def fetch_at_once(handler: Any, site: Prefork, many: int) -> None:
    await asyncio.gather(*(handler.download_request(Request(site.url)) for _ in range(many)))


async def crawl(handler: Any, site: Prefork, pages: int, at_once: int) -> None:
    left = iter(range(pages))

    async def go_on() -> None:
        for _ in left:
            await handler.download_request(Request(site.url))

    await asyncio.gather(*(go_on() for _ in range(at_once)))


@on_reactor
async def test_a_request_does_not_wait_for_an_idle_connection_of_ours_to_end() -> None:
    async with (
        prefork(workers=1) as site,
        open_handler() as handler,
        asyncio.timeout(_KEEP_ALIVE_S),
    ):
        await fetch_at_once(handler, site, 4)


@on_reactor
async def test_after_a_hundred_requests_a_connection_gives_its_worker_to_others() -> None:
    async with prefork(workers=1, answer_s=0.001) as site, open_handler() as handler:
        await crawl(handler, site, 101, at_once=1)
        assert site.opened == 2


@on_reactor
async def test_a_request_does_not_wait_for_as_long_as_others_are_served() -> None:
    async with prefork(workers=2, answer_s=0.001) as site, open_handler() as handler:
        crawling = asyncio.ensure_future(crawl(handler, site, 500, at_once=2))
        await until_async(lambda: site.opened == 2)
        await handler.download_request(Request(site.url))
        assert not crawling.done()
        await crawling


@on_reactor
async def test_connections_that_are_not_needed_for_a_while_are_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connector, "_UNUSED_S", 0.1)
    async with prefork() as site, open_handler() as handler:
        await fetch_at_once(handler, site, 5)
        assert site.open == 5
        await crawl(handler, site, 15, at_once=1)
        await until_async(lambda: site.open == 1)
        await asyncio.sleep(0.3)
        await handler.download_request(Request(site.url))
        assert site.opened == 5, "the last one stays"


@on_reactor
async def test_idle_connections_to_a_site_that_refuses_are_closed() -> None:
    async with prefork() as site, prefork() as other, open_handler() as handler:
        await fetch_at_once(handler, site, 5)
        await fetch_at_once(handler, other, 3)
        later = asyncio.ensure_future(fetch_at_once(handler, site, 4))
        await asyncio.sleep(0)
        handler.close_idle(Request(site.url), 1)
        await later
        await until_async(lambda: site.open == 1)
        assert other.open == 3


@on_reactor
async def test_a_connection_ends_after_a_hundred_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_MAX_EXCHANGES", 10)
    async with prefork() as site, open_handler() as handler:
        await crawl(handler, site, 30, at_once=1)
        assert site.opened == 3


def test_one_connection_gives_way_for_each_three_requests_that_overtake() -> None:
    overtaking = Overtaking()
    overtaking.on_first("new", "server", 1.0)
    assert not overtaking.on_end("server", 0.5), "sent before"
    assert not overtaking.on_end("another server", 2.0)
    assert [overtaking.on_end("server", 2.0) for _ in range(7)] == [
        *(False, False, True),
        *(False, False, True),
        False,
    ]
    overtaking.on_answer("new")
    assert not any(overtaking.on_end("server", 2.0) for _ in range(7))
