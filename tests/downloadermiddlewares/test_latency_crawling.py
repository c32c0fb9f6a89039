"""The latency middleware in real crawls of a site on loopback."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerRunner

from crawlproj.latency import LatencyRecorder, recorder_of
from tests.http.helpers import OURS, on_reactor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from scrapy.http import Response

ANSWER_S = 0.15
WORK_S = 0.05
AWAIT_S = 0.3
STORE_S = 0.2


class SlowStore:
    async def process_item(self, item: dict[str, str]) -> dict[str, str]:
        await asyncio.sleep(STORE_S)
        return item


SETTINGS: dict[str, Any] = {
    "DOWNLOADER_MIDDLEWARES": {
        "crawlproj.downloadermiddlewares.latency.LatencyMiddleware": 970,
        "crawlproj.downloadermiddlewares.robots.RobotsTxtMiddleware": 100,
        "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    },
    "DOWNLOAD_HANDLERS": {"http": OURS, "https": OURS},
    "ITEM_PIPELINES": {SlowStore: 1},
    "GUARD_ALLOW": ["127.0.0.0/8"],
    "DOWNLOAD_DELAY": 0,
    "RETRY_TIMES": 1,
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
}


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a request after a while: 503 for /busy, nothing for /gone, 200 for others."""
    path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
    await asyncio.sleep(ANSWER_S)
    if path != "/gone":
        status = "503 Busy" if path == "/busy" else "200 OK"
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        )
    writer.close()


@asynccontextmanager
async def serving() -> AsyncIterator[str]:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield "127.0.0.1:{1}".format(*server.sockets[0].getsockname())
    finally:
        server.close()


class Visitor(Spider):
    """Requests one path with the callback or errback of the given name."""

    name = "visitor"

    def __init__(self, site: str, path: str, method: str) -> None:
        super().__init__()
        self.url = f"http://{site}{path}"
        self.method = getattr(self, method)

    async def start(self) -> AsyncIterator[Request]:
        callback = None if self.method == self.parse else self.method
        yield Request(self.url, callback=callback, errback=self.method)

    async def parse(self, response: Response) -> list[dict[str, str]]:
        """Handle requests without a callback."""
        return await self.awaits(response)

    def returns(self, _: Response) -> list[dict[str, str]]:
        time.sleep(WORK_S)
        return [{"kind": "returned"}]

    def generates(self, _: Response) -> Iterator[dict[str, str]]:
        time.sleep(WORK_S / 2)
        yield {"kind": "generated"}
        time.sleep(WORK_S / 2)

    async def awaits(self, _: Response) -> list[dict[str, str]]:
        await asyncio.sleep(AWAIT_S)
        time.sleep(WORK_S)  # noqa: ASYNC251 - this is what is measured
        return [{"kind": "returned"}]

    async def generates_async(self, _: Response) -> AsyncIterator[dict[str, str]]:
        await asyncio.sleep(AWAIT_S)
        time.sleep(WORK_S)  # noqa: ASYNC251 - this is what is measured
        yield {"kind": "generated"}

    def breaks(self, _: Response) -> None:
        time.sleep(WORK_S)
        raise RuntimeError("a broken callback")


async def visit(path: str, method: str = "returns", **settings: Any) -> LatencyRecorder:
    async with serving() as site:
        crawler = AsyncCrawlerRunner(SETTINGS | settings).create_crawler(Visitor)
        await crawler.crawl_async(site, path, method)
        recorder = recorder_of(crawler)
        assert not recorder.sites or set(recorder.sites) == {site}
        return recorder


@pytest.mark.parametrize("method", ["returns", "generates", "awaits", "generates_async", "parse"])
@on_reactor
async def test_every_phase_of_a_page_is_recorded(method: str) -> None:
    recorder = await visit("/page", method)
    phases = recorder.phases
    counts = {phase: found.count for phase, found in phases.items()}
    assert counts == {
        "permit": 0,
        "queued": 1,
        "dns": 1,  # an address is looked up in no time
        "connect": 1,
        "tls": 0,
        "ttfb": 1,
        "transfer": 1,
        "callback": 1,
        "pipelines": 1,
    }
    assert ANSWER_S <= phases["ttfb"].max < ANSWER_S + 0.5
    # On a busy machine the work takes longer, but awaited time never counts.
    assert WORK_S <= phases["callback"].max < AWAIT_S
    assert STORE_S <= phases["pipelines"].max < STORE_S + 0.5
    assert (recorder.ok, dict(recorder.errors)) == (1, {})


@on_reactor
async def test_a_callback_that_fails_is_timed_too() -> None:
    recorder = await visit("/page", "breaks")
    assert recorder.phases["callback"].count == 1
    assert recorder.phases["callback"].max >= WORK_S
    assert recorder.phases["pipelines"].count == 0


@pytest.mark.slow
@on_reactor
async def test_each_attempt_counts_and_the_errback_is_timed() -> None:
    recorder = await visit("/gone")
    assert dict(recorder.errors) == {"connection-lost": 2}
    assert recorder.phases["ttfb"].count == 2
    assert recorder.phases["ttfb"].max >= ANSWER_S
    assert recorder.phases["callback"].count == 1
    recorder = await visit("/gone", "awaits")
    assert WORK_S <= recorder.phases["callback"].max < AWAIT_S
    assert recorder.phases["pipelines"].count == 1
    recorder = await visit("/busy")
    assert dict(recorder.errors) == {"http-503": 2}


@on_reactor
async def test_a_robots_txt_counts_as_a_download_but_has_no_callback() -> None:
    recorder = await visit("/page", ROBOTSTXT_OBEY=True)
    assert recorder.phases["ttfb"].count == recorder.ok == 2
    assert recorder.phases["callback"].count == 1


@on_reactor
async def test_with_scrapys_own_handler_ttfb_is_recorded() -> None:
    path = "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler"
    recorder = await visit("/page", DOWNLOAD_HANDLERS={"http": path})
    assert {phase for phase, found in recorder.phases.items() if found.count} == {
        "ttfb",
        "callback",
        "pipelines",
    }
    assert recorder.phases["ttfb"].max >= ANSWER_S


@on_reactor
async def test_nothing_is_recorded_when_switched_off() -> None:
    recorder = await visit("/page", LATENCY_ENABLED=False)
    assert not any(found.count for found in recorder.phases.values())
