"""The handler's result does not depend on how the network divides a response."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request

from crawlproj.reasons import reason_of
from tests.http.answers import REFUSED, TAKEN, Answer
from tests.http.helpers import on_reactor, open_handler
from tests.http.mockserver import Reader, Server, Writer, running

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORT_BYTES = 150
# The parser's test divides all of them; that costs less than connections.
SHORT = [answer for answer in (*TAKEN, *REFUSED) if len(answer.data) < SHORT_BYTES][::4]


class Dividing(Server):
    """Answers /NUMBER/CUT with an answer of ``SHORT`` in two segments, and closes."""

    async def converse(self, reader: Reader, writer: Writer) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        number, cut = map(int, head.split()[1].decode().strip("/").split("/"))
        data = SHORT[number].data
        for part in (data[:cut], data[cut:]):
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.002)  # so that the client reads it on its own


@pytest.fixture(scope="module")
def dividing() -> Iterator[Dividing]:
    server = Dividing()
    with running(server):
        yield server


async def found(handler: Any, url: str) -> tuple[int, bytes] | str:
    try:
        response = await handler.download_request(Request(url))
    except Exception as exc:  # noqa: BLE001 - its reason is compared
        return reason_of(exc)
    return response.status, response.body


@on_reactor
@pytest.mark.parametrize("answer", SHORT, ids=lambda answer: answer.name)
async def test_two_segments_are_read_as_one_wherever_they_are_cut(
    dividing: Dividing, answer: Answer
) -> None:
    number = SHORT.index(answer)
    expected = answer.reason or (answer.status, answer.body)
    async with open_handler() as handler:
        urls = [dividing.url(f"/{number}/{cut}") for cut in range(len(answer.data) + 1)]
        results = await asyncio.gather(*(found(handler, url) for url in urls))
    assert set(results) == {expected}
