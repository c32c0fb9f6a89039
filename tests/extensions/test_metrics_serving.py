"""Metrics of real crawls, read over HTTP."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerRunner
from scrapy.exceptions import NotConfigured
from scrapy.utils.test import get_crawler

from crawlproj.errors import ConfigError
from crawlproj.extensions.metrics import Metrics
from tests.http.helpers import OURS, on_reactor
from tests.servers import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response


async def get(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


class Reader(Spider):
    """Fetches a page, and reads the metrics in its callback."""

    name = "reader"

    def __init__(self, site: str, metrics: str, answers: list[tuple[int, str]]) -> None:
        super().__init__()
        self.site = site
        self.metrics = metrics
        self.answers = answers

    async def start(self) -> AsyncIterator[Request]:
        yield Request(self.site)

    async def parse(self, _: Response) -> None:
        try:
            self.answers.append(await get(f"{self.metrics}/metrics"))
            self.answers.append(await get(f"{self.metrics}/elsewhere"))
        except aiohttp.ClientConnectionError:
            self.answers.append((0, ""))


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
    writer.close()


async def crawl(port: int, **settings: Any) -> list[tuple[int, str]]:
    answers: list[tuple[int, str]] = []
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        crawler = AsyncCrawlerRunner(
            {
                "EXTENSIONS": {"crawlproj.extensions.metrics.Metrics": 0},
                "DOWNLOADER_MIDDLEWARES": {
                    "crawlproj.downloadermiddlewares.latency.LatencyMiddleware": 970
                },
                "DOWNLOAD_HANDLERS": {"http": OURS, "https": OURS},
                "GUARD_ALLOW": ["127.0.0.0/8"],
                "TELNETCONSOLE_ENABLED": False,
                "REMOTE_CONTROL_ENABLED": False,
                "METRICS_PORT": port,
                **settings,
            }
        ).create_crawler(Reader)
        site = "http://127.0.0.1:{1}".format(*server.sockets[0].getsockname())
        await crawler.crawl_async(site, f"http://127.0.0.1:{port}", answers)
    finally:
        server.close()
    return answers


def is_listening(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


@on_reactor
async def test_a_crawl_serves_its_metrics_and_closes_the_port() -> None:
    port = free_port()
    (status, text), elsewhere = await crawl(port)
    assert (status, elsewhere[0]) == (200, 404)
    lines = text.splitlines()
    assert 'crawlproj_phase_seconds_count{phase="ttfb"} 1.0' in lines
    assert "crawlproj_downloads_total 1.0" in lines
    assert "crawlproj_in_flight 0.0" in lines
    assert any(line.startswith("process_resident_memory_bytes ") for line in lines)
    assert not is_listening(port)


@on_reactor
async def test_a_port_that_is_taken_is_logged_and_the_crawl_continues(
    caplog: pytest.LogCaptureFixture,
) -> None:
    taken = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    with caplog.at_level(logging.ERROR):
        answers = await crawl(port)
    taken.close()
    assert answers == [(0, "")]
    assert f"No metrics: cannot listen on 127.0.0.1:{port}" in caplog.text
    assert "Set another METRICS_PORT" in caplog.text


def test_metrics_are_off_by_default() -> None:
    with pytest.raises(NotConfigured):
        Metrics.from_crawler(get_crawler())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("METRICS_PORT", "http"),
        ("METRICS_PORT", 65_536),
        ("METRICS_PORT", -1),
        ("METRICS_HOST", 5),
        ("METRICS_MAX_SITES", "many"),
    ],
)
def test_a_wrong_setting_is_an_error_that_names_it(name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=name):
        Metrics.from_crawler(get_crawler(settings_dict={"METRICS_PORT": 1, name: value}))
