"""A server that sends more than it was asked for never has it taken for another URL's content."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request
from scrapy.exceptions import DownloadFailedError, DownloadTimeoutError

from tests.http.helpers import on_reactor, open_handler
from tests.http.mockserver import Reader, Server, Site, Writer, running
from tests.waiting import until_async

if TYPE_CHECKING:
    from collections.abc import Iterator


class Talkative(Server):
    """Answers each request with its path; what it adds follows from the path.

    /first     nothing, and the connection's next answer is sent twice over: an old one comes first
    /more/N    N bytes of an answer of its own, with the answer
    /later     an answer of its own, when the exchange is over
    /slow      its answer comes too late
    """

    async def converse(self, reader: Reader, writer: Writer) -> None:
        owed = b""
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ")[1]
            if path == b"/slow":
                await asyncio.sleep(0.2)
            answer = answer_of(path)
            if path.startswith(b"/more/"):
                answer += answer_of(b"/unasked")[: int(path[6:])]
            writer.write(owed + answer)
            owed = answer_of(b"/unasked") if path == b"/first" else b""
            await writer.drain()
            if path == b"/later":
                await asyncio.sleep(0.02)
                writer.write(answer_of(b"/unasked"))
                await writer.drain()


def answer_of(path: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(path), path)


@pytest.fixture
def talkative() -> Iterator[Talkative]:
    server = Talkative()
    with running(server):
        yield server


async def body_of(handler: Any, url: str, **meta: Any) -> bytes:
    body: bytes = (await handler.download_request(Request(url, meta=meta))).body
    return body


@on_reactor
async def test_an_answer_that_follows_another_at_once_is_dropped_wherever_it_is_cut(
    talkative: Talkative,
) -> None:
    async with open_handler() as handler:
        for length in range(1, len(answer_of(b"/unasked")) + 1):
            path = f"/more/{length}"
            assert await body_of(handler, talkative.url(path)) == path.encode()
            assert await body_of(handler, talkative.url("/next")) == b"/next"


@on_reactor
async def test_a_connection_on_which_something_comes_unasked_is_closed(
    talkative: Talkative,
) -> None:
    async with open_handler() as handler:
        assert await body_of(handler, talkative.url("/later")) == b"/later"
        assert talkative.open_now == 1
        await until_async(lambda: talkative.open_now == 0)
        assert await body_of(handler, talkative.url("/next")) == b"/next"


@on_reactor
async def test_what_came_unasked_is_noticed_even_if_the_event_loop_has_not_read_it_yet(
    talkative: Talkative,
) -> None:
    async with open_handler() as handler:
        assert await body_of(handler, talkative.url("/later")) == b"/later"
        time.sleep(0.2)  # noqa: ASYNC251 - the loop is meant to be blocked
        download = body_of(handler, talkative.url("/next"))
        assert await download == b"/next"
        assert talkative.connections == 2


@on_reactor
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_of_two_answers_on_a_used_connection_the_first_is_not_taken_for_ours(
    talkative: Talkative, method: str
) -> None:
    async with open_handler() as handler:
        assert await body_of(handler, talkative.url("/first")) == b"/first"
        second = Request(talkative.url("/second"), method=method)
        if method == "GET":
            assert (await handler.download_request(second)).body == b"/second"
        else:  # it may have had an effect, so it is not sent twice
            with pytest.raises(DownloadFailedError, match="more than one response"):
                await handler.download_request(second)
        assert await body_of(handler, talkative.url("/next")) == b"/next"


@on_reactor
async def test_an_answer_that_comes_too_late_is_never_the_next_one(talkative: Talkative) -> None:
    async with open_handler(CONCURRENT_REQUESTS=1) as handler:
        for _ in range(2):
            with pytest.raises(DownloadTimeoutError):
                await body_of(handler, talkative.url("/slow"), download_timeout=0.05)
            assert await body_of(handler, talkative.url("/next")) == b"/next"


@on_reactor
async def test_a_connection_without_surprises_is_kept(talkative: Talkative, tls_site: Site) -> None:
    async with open_handler(DOWNLOAD_VERIFY_CERTIFICATES=False) as handler:
        for _ in range(5):
            assert await body_of(handler, talkative.url("/next")) == b"/next"
            assert await body_of(handler, tls_site.url("/text")) == b"Works"
    assert (talkative.connections, tls_site.connections) == (1, 1)
