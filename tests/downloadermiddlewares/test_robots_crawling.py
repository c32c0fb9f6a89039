"""The robots middleware in real crawls of a loopback site."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerRunner

from crawlproj.frontier.base import State
from crawlproj.reasons import error_of, outcome_of
from crawlproj.signals import robots_parsed
from tests.http.helpers import on_reactor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from scrapy.http import Response
    from twisted.python.failure import Failure

SETTINGS = {
    "ROBOTSTXT_OBEY": True,
    "USER_AGENT": "crawlproj/0.1 (test)",
    "DOWNLOADER_MIDDLEWARES": {
        "crawlproj.downloadermiddlewares.robots.RobotsTxtMiddleware": 100,
        "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    },
    "DOWNLOAD_HANDLERS": {
        "http": "crawlproj.http.DownloadHandler",
        "https": "crawlproj.http.DownloadHandler",
    },
    "GUARD_ALLOW": ["127.0.0.0/8"],
    "DOWNLOAD_DELAY": 0,
    "RETRY_TIMES": 1,
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
}


class Site:
    """Answers by path from a table, else with an empty 200; ``asked`` are the requested paths."""

    def __init__(self, answers: dict[str, tuple[str, bytes]]) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split()[1].decode()
        self.asked.append(path)
        status, body = self.answers.get(path, ("200 OK", b""))
        length = f"Content-Length: {len(body)}\r\nConnection: close"
        writer.write(f"HTTP/1.1 {status}\r\n{length}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def serving(answers: dict[str, tuple[str, bytes]]) -> AsyncIterator[Site]:
    site = Site(answers)
    server = await asyncio.start_server(site.answer, "127.0.0.1", 0)
    site.url = "http://127.0.0.1:{1}".format(*server.sockets[0].getsockname())
    try:
        yield site
    finally:
        server.close()


class Visitor(Spider):
    """Requests the given URLs and records the outcome of each."""

    name = "visitor"

    def __init__(self, urls: list[str], outcomes: dict[str, Any]) -> None:
        super().__init__()
        self.urls = urls
        self.outcomes = outcomes

    async def start(self) -> AsyncIterator[Request]:
        for url in self.urls:
            yield Request(url, errback=self.failed)

    def parse(self, response: Response) -> None:
        self.outcomes[response.url] = State.DONE

    def failed(self, failure: Failure) -> None:
        self.outcomes[failure.request.url] = outcome_of(error_of(failure))  # type: ignore[attr-defined]


async def visit(
    urls: list[str], announced: list[dict[str, Any]] | None = None, **settings: Any
) -> dict[str, Any]:
    """Crawl ``urls``; return the outcome of each."""
    outcomes: dict[str, Any] = {}
    crawler = AsyncCrawlerRunner(SETTINGS | settings).create_crawler(Visitor)

    def note(crawl_delay_s: float | None, sitemaps: list[str], site: str) -> None:
        if announced is not None:
            announced.append({"delay": crawl_delay_s, "sitemaps": sitemaps, "site": site})

    crawler.signals.connect(note, robots_parsed)
    await crawler.crawl_async(urls, outcomes)
    return outcomes


@on_reactor
async def test_a_crawl_fetches_robots_txt_first_and_skips_forbidden_pages() -> None:
    rules = b"User-agent: *\nDisallow: /private\nCrawl-delay: 0.5\nSitemap: /map.xml\n"
    answers = {
        "/robots.txt": ("301 Moved\r\nLocation: /moved.txt", b""),
        "/moved.txt": ("200 OK", rules),
    }
    announced: list[dict[str, Any]] = []
    async with serving(answers) as site:
        urls = [f"{site.url}/{path}" for path in ("1", "2", "private/3", "4")]
        outcomes = await visit(urls, announced)
    assert outcomes == dict.fromkeys(urls, State.DONE) | {urls[2]: (State.SKIPPED, "robots")}
    assert site.asked[:2] == ["/robots.txt", "/moved.txt"]
    assert sorted(site.asked[2:]) == ["/1", "/2", "/4"]
    assert announced == [
        {
            "delay": 0.5,
            "sitemaps": [f"{site.url}/map.xml"],
            "site": site.url.removeprefix("http://"),
        }
    ]


@on_reactor
async def test_no_page_is_fetched_from_a_site_whose_robots_txt_fails() -> None:
    async with serving({"/robots.txt": ("503 Service Unavailable", b"")}) as site:
        urls = [f"{site.url}/1", f"{site.url}/2"]
        outcomes = await visit(urls)
    assert outcomes == dict.fromkeys(urls, (State.FAILED, "robots-unreachable"))
    assert site.asked == ["/robots.txt"] * 2, "retried once, because RETRY_TIMES is 1"


@on_reactor
async def test_pages_in_the_http_cache_need_no_network_for_robots_txt(tmp_path: Path) -> None:
    cache: dict[str, Any] = {"HTTPCACHE_ENABLED": True, "HTTPCACHE_DIR": str(tmp_path)}
    rules = b"User-agent: *\nDisallow: /2\n"
    async with serving({"/robots.txt": ("200 OK", rules)}) as site:
        urls = [f"{site.url}/1", f"{site.url}/2"]
        first = await visit(urls, **cache)
    assert await visit(urls, **cache) == first
    assert first == {urls[0]: State.DONE, urls[1]: (State.SKIPPED, "robots")}


@on_reactor
async def test_a_failed_robots_txt_in_the_http_cache_is_asked_for_again(tmp_path: Path) -> None:
    cache: dict[str, Any] = {"HTTPCACHE_ENABLED": True, "HTTPCACHE_DIR": str(tmp_path)}
    async with serving({"/robots.txt": ("503 Service Unavailable", b"")}) as site:
        url = f"{site.url}/1"
        assert await visit([url], **cache) == {url: (State.FAILED, "robots-unreachable")}
        del site.answers["/robots.txt"]
        assert await visit([url], **cache) == {url: State.DONE}


@on_reactor
async def test_a_site_that_refuses_connections_fails_as_robots_unreachable() -> None:
    async with serving({}) as site:
        pass
    outcomes = await visit([site.url])
    assert outcomes == {site.url: (State.FAILED, "robots-unreachable")}


@on_reactor
async def test_a_site_that_the_guard_refuses_fails_with_reason_guard() -> None:
    async with serving({}) as site:
        outcomes = await visit([site.url], GUARD_ALLOW=[])
    assert outcomes == {site.url: (State.FAILED, "guard")}
    assert site.asked == []


@on_reactor
async def test_robots_txt_may_be_longer_than_download_maxsize() -> None:
    rules = b"User-agent: *\nDisallow: /private\n" + b"# filler\n" * 100_000
    async with serving({"/robots.txt": ("200 OK", rules)}) as site:
        urls = [f"{site.url}/1", f"{site.url}/private"]
        outcomes = await visit(urls, DOWNLOAD_MAXSIZE=1000)
    assert outcomes == {urls[0]: State.DONE, urls[1]: (State.SKIPPED, "robots")}
