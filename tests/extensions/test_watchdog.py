"""The watchdog over real event loops and real crawls."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import time
from collections import Counter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from scrapy import Request, Spider, signals
from scrapy.crawler import AsyncCrawlerRunner
from scrapy.utils.test import get_crawler

from crawlproj.errors import ConfigError
from crawlproj.extensions.watchdog import Watchdog
from crawlproj.latency import recorder_of
from tests.frontier.helpers import run
from tests.http.helpers import on_reactor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from scrapy.crawler import Crawler
    from scrapy.http import Response

BLOCK_S = 0.6
PATHS = ("/first", "/second")


class Watched(NamedTuple):
    """A crawler with a watchdog, and the number of watchdog threads during the crawl."""

    crawler: Crawler
    watchdog: Watchdog
    threads: list[int]


def threads() -> int:
    return sum(thread.name == "watchdog" for thread in threading.enumerate())


def watch(blocking: float, **settings: Any) -> Watched:
    """Run a loop and block it for ``blocking`` seconds."""
    crawler = get_crawler(settings_dict={"EXTENSIONS_BASE": {}, **settings})
    watched = Watched(crawler, Watchdog.from_crawler(crawler), [])

    async def main() -> None:
        crawler.signals.send_catch_log(signals.spider_opened)
        await asyncio.sleep(0.25)
        watched.threads.append(threads())
        time.sleep(blocking)  # noqa: ASYNC251 - blocks on purpose
        await asyncio.sleep(0.15)
        crawler.signals.send_catch_log(signals.spider_closed)

    run(main())
    return watched


def test_a_stall_counts_by_its_length() -> None:
    lag = recorder_of(watch(1.05, HOG_THRESHOLD=0).crawler).loop_lag
    assert 0.85 <= lag.max < 2
    # A timer every 100 ms would have been late about ten times.
    late = lag.count - lag.counts_up_to([0.1])[0]
    assert late >= 8


def test_without_a_threshold_no_thread_runs(caplog: pytest.LogCaptureFixture) -> None:
    watched = watch(0.7, HOG_THRESHOLD=0)
    assert watched.threads == [0]
    assert caplog.text == ""
    assert recorder_of(watched.crawler).loop_lag.count > 2


def test_the_thread_ends_with_the_crawl() -> None:
    assert watch(0.0).threads == [1]
    assert threads() == 0


@pytest.mark.parametrize("threshold", ["soon", -1])
def test_a_wrong_threshold_is_an_error_that_names_the_setting(threshold: Any) -> None:
    with pytest.raises(ConfigError, match="HOG_THRESHOLD"):
        Watchdog.from_crawler(get_crawler(settings_dict={"HOG_THRESHOLD": threshold}))


class SlowPipeline:
    def process_item(self, item: dict[str, str]) -> dict[str, str]:
        if item["by"] == "pipeline":
            time.sleep(BLOCK_S)
        return item


class HogSpider(Spider):
    name = "hog"

    def __init__(self, urls: list[str], by: str) -> None:
        super().__init__()
        self.urls = urls
        self.by = by

    async def start(self) -> AsyncIterator[Request]:
        for url in self.urls:
            yield Request(url, self.callback_with_a_regex if self.by == "regex" else self.parse)

    def parse(self, response: Response) -> Iterator[dict[str, str]]:
        if self.by == "callback":
            self.work()
        yield {"by": self.by}

    def work(self) -> None:
        time.sleep(BLOCK_S)

    def callback_with_a_regex(self, _: Response) -> None:
        """Hold the GIL, as regular expressions do."""
        # By CPU time: on a busy machine it may not have run at all in so long. In pieces: a process
        # that has had little CPU for one long piece is taken to have been suspended.
        until = time.thread_time() + BLOCK_S
        while not re.match(r"(a+)+$", "a" * 18 + "!") and time.thread_time() < until:
            pass


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    writer.close()


async def crawl(by: str, **settings: Any) -> SimpleNamespace:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        base = "http://127.0.0.1:{1}".format(*server.sockets[0].getsockname())
        crawler = AsyncCrawlerRunner(
            {
                "EXTENSIONS": {"crawlproj.extensions.watchdog.Watchdog": 0},
                "DOWNLOADER_MIDDLEWARES": {
                    "crawlproj.downloadermiddlewares.latency.LatencyMiddleware": 970
                },
                "ITEM_PIPELINES": {SlowPipeline: 1},
                "HOG_THRESHOLD": 0.3,
                "DOWNLOAD_DELAY": 0,
                "TELNETCONSOLE_ENABLED": False,
                "REMOTE_CONTROL_ENABLED": False,
                **settings,
            }
        ).create_crawler(HogSpider)
        await crawler.crawl_async([base + path for path in PATHS], by)
    finally:
        server.close()
    return SimpleNamespace(base=base, stats=crawler.stats)


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == "crawlproj.extensions.watchdog" and record.levelno == logging.WARNING
    ]


@pytest.mark.parametrize(
    ("by", "name", "line"),
    [
        ("callback", "HogSpider.parse", "self.work()"),
        ("pipeline", "SlowPipeline.process_item", "time.sleep(BLOCK_S)"),
        ("regex", "HogSpider.callback_with_a_regex", 'while not re.match(r"(a+)+$", "a" * 18'),
    ],
)
@pytest.mark.slow
@on_reactor
async def test_a_hog_is_reported_once_with_its_page_and_line(
    by: str, name: str, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    began = time.monotonic()
    with caplog.at_level(logging.INFO):
        crawled = await crawl(by)
    took_s = time.monotonic() - began
    (warning,) = warnings_of(caplog)
    assert warning.startswith(f"{name} has been blocking the event loop for ")
    assert any(f" s, at {crawled.base}{path}. No site is" in warning for path in PATHS)
    lines = warning.splitlines()
    assert lines[1].startswith('> File "')
    assert lines[1].endswith(f", in {name}")
    assert lines[2].startswith(f">   {line}")
    assert "scrapy" not in "".join(lines[1:])
    assert crawled.stats.get_value("hogs/count") == 2
    assert BLOCK_S - 0.2 < crawled.stats.get_value("hogs/worst_s") < took_s
    assert f"The event loop was blocked by {name} 2 times" in caplog.text


@on_reactor
async def test_a_crawl_without_hogs_gets_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    crawled = await crawl("nobody", HOG_THRESHOLD=2)
    assert warnings_of(caplog) == []
    assert crawled.stats.get_value("hogs/count") is None
    levels = Counter(record.levelname for record in caplog.records)
    assert levels["ERROR"] == 0
