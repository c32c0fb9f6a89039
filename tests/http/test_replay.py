"""The replay handler answers as the site did, and opens no connection."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request, signals
from scrapy.exceptions import CloseSpider, ResponseDataLossError, StopDownload

from crawlproj.errors import ConfigError
from crawlproj.frontier.base import State
from crawlproj.http.head import MalformedResponse
from crawlproj.http.replay import NotArchived, ReplayHandler
from crawlproj.limits.network import Trouble
from crawlproj.reasons import outcome_of
from tests.http.helpers import crawler_with, on_reactor, open_handler
from tests.warc.helpers import exchange
from tests.warc.test_archive import write

if TYPE_CHECKING:
    from pathlib import Path

REPLAY = "crawlproj.http.replay.ReplayHandler"
A = "http://a.invalid/"


async def replayed(folder: Path, url: str = A, **settings: Any) -> Any:
    return await answered(folder, Request(url), **settings)


async def answered(folder: Path, request: Request, **settings: Any) -> Any:
    async with open_handler(REPLAY, REPLAY_DIR=str(folder), **settings) as handler:
        await handler.open()
        return await handler.download_request(request)


@on_reactor
async def test_a_response_is_as_it_was(tmp_path: Path) -> None:
    write(tmp_path, exchange(A, b"hello"))
    request = Request(A)
    response = await answered(tmp_path, request)
    assert (response.status, response.body, response.url) == (200, b"hello", A)
    assert response.headers[b"Content-Type"] == b"text/plain"
    assert str(response.ip_address) == "192.0.2.1"
    assert response.flags == []
    assert request.meta["archived_at"] == 1795860682.5
    assert request.meta["timings"].keys() >= {"ttfb", "transfer"}


@on_reactor
async def test_a_url_that_is_missing_is_skipped_with_a_reason_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, exchange(A))
    with pytest.raises(NotArchived, match=r"no WARC file has a response to GET http://a.invalid/x"):
        await replayed(tmp_path, f"{A}x")
    assert outcome_of(NotArchived("")) == (State.SKIPPED, "not-archived")


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@on_reactor
async def test_chunks_are_put_together(tmp_path: Path) -> None:
    wire = CHUNKED + b"3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nTrailer: 1\r\n\r\n"
    write(tmp_path, exchange(A, response=wire))
    assert (await replayed(tmp_path)).body == b"hello"


@on_reactor
async def test_a_body_whose_writer_took_the_chunks_away_is_taken_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, exchange(A, response=CHUNKED + b"<p>hello"))
    assert (await replayed(tmp_path)).body == b"<p>hello"


@on_reactor
async def test_chunks_that_were_malformed_are_so_again(tmp_path: Path) -> None:
    write(tmp_path, exchange(A, response=CHUNKED + b"3\r\nhel\r\nlo\r\n"))
    with pytest.raises(MalformedResponse):
        await replayed(tmp_path)


@on_reactor
async def test_a_content_length_of_another_coding_cuts_nothing_off(tmp_path: Path) -> None:
    wire = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello"
    write(tmp_path, exchange(A, response=wire))
    assert (await replayed(tmp_path)).body == b"hello"


@on_reactor
async def test_an_encoded_body_stays_so_for_the_middleware(tmp_path: Path) -> None:
    body = gzip.compress(b"hello", mtime=0)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
    write(tmp_path, exchange(A, response=head + body))
    response = await replayed(tmp_path)
    assert zlib.decompress(response.body, 31) == b"hello"
    assert response.headers[b"Content-Encoding"] == b"gzip"


@on_reactor
async def test_a_download_that_was_cut_off_is_cut_off_again(tmp_path: Path) -> None:
    write(tmp_path, exchange(A, truncated="disconnect"), exchange(f"{A}2", truncated="length"))
    with pytest.raises(ResponseDataLossError):
        await replayed(tmp_path)
    response = await replayed(tmp_path, DOWNLOAD_FAIL_ON_DATALOSS=False)
    assert response.flags == ["dataloss"]
    assert (await replayed(tmp_path, f"{A}2")).body == b"hello"  # its writer wanted no more


@on_reactor
async def test_a_head_request_gets_what_head_gave(tmp_path: Path) -> None:
    asked = exchange(A, b"", request=b"HEAD / HTTP/1.1\r\n\r\n")
    write(tmp_path, asked)
    response = await answered(tmp_path, Request(A, method="HEAD"))
    assert response.headers[b"Content-Type"] == b"text/plain"
    with pytest.raises(NotArchived):
        await replayed(tmp_path)


@on_reactor
async def test_a_large_body_is_read_in_a_thread(tmp_path: Path) -> None:
    body = bytes(range(256)) * 2000
    write(tmp_path, exchange(A, body))
    assert (await replayed(tmp_path)).body == body


@on_reactor
async def test_who_stops_downloads_at_their_head_does_so_in_a_replay(tmp_path: Path) -> None:
    write(tmp_path, exchange(A))
    crawler = crawler_with(REPLAY_DIR=str(tmp_path))
    handler = ReplayHandler(crawler)

    def stop(**_: object) -> None:
        raise StopDownload(fail=False)

    crawler.signals.connect(stop, signals.headers_received, weak=False)
    await handler.open()
    response = await handler.download_request(Request(A))
    assert (response.body, response.flags) == (b"", ["download_stopped"])
    assert await handler.works("http://a.invalid:80", Trouble.NAMES)
    await handler.close()


@on_reactor
async def test_a_folder_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="REPLAY_DIR: there is no"):
        await replayed(tmp_path / "x")


@on_reactor
async def test_a_file_that_is_unusable_ends_the_crawl(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "x.warc.gz").write_bytes(
        gzip.compress(b"WARC/1.0\r\nContent-Length: 0\r\n\r\n\r\n\r\n" * 3)
    )
    with pytest.raises(CloseSpider) as raised:
        await replayed(tmp_path)
    assert raised.value.reason == "warc-unusable"
    assert "REPLAY_DIR" in caplog.text
