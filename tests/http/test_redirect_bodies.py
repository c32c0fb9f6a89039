"""A redirect leads on whatever is wrong with its body, as in browsers."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from scrapy import Request
from scrapy.exceptions import DownloadCancelledError, DownloadFailedError, ResponseDataLossError

from tests.http.helpers import on_reactor, open_handler

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_BROKEN = [
    (b"Content-Length: 100", b"moved", ResponseDataLossError),
    (b"Transfer-Encoding: chunked", b"9\r\nmoved", ResponseDataLossError),
    (b"Transfer-Encoding: chunked", b"?\r\nmoved", DownloadFailedError),
    (b"Content-Length: 99999999", b"moved", DownloadCancelledError),
    (b"Transfer-Encoding: chunked", b"1000\r\n" + 4096 * b"x" + b"\r\n", DownloadCancelledError),
]


@asynccontextmanager
async def _answering(answers: list[bytes]) -> AsyncIterator[str]:
    """Answer one request with each of ``answers``, then close the connection; yields the URL."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answers.pop(0))
        writer.write_eof()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()


@pytest.mark.parametrize(("field", "body", "error"), _BROKEN)
@on_reactor
async def test_the_broken_body_of_a_redirect_does_not_matter(
    field: bytes, body: bytes, error: type[Exception]
) -> None:
    fields = b"%s\r\n\r\n%s" % (field, body)
    answers = [
        b"HTTP/1.1 301 Moved\r\nLocation: /a\r\n" + fields,
        b"HTTP/1.1 308 Moved\r\nlocation: /b\r\n" + fields,
        b"HTTP/1.1 301 Moved\r\n" + fields,
        b"HTTP/1.1 200 OK\r\nLocation: /c\r\n" + fields,
    ]
    async with _answering(answers) as url, open_handler(DOWNLOAD_MAXSIZE=4000) as handler:
        for location in (b"/a", b"/b"):
            response = await handler.download_request(Request(url))
            assert response.headers[b"Location"] == location
            assert response.flags == ["dataloss"]
        for _ in range(2):  # these are not redirects
            with pytest.raises(error):
                await handler.download_request(Request(url))
    assert not answers
