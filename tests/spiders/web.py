"""Crawls a web of any hosts with the spider ``site``, in this process."""

from __future__ import annotations

import asyncio
import inspect
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from scrapy import signals
from scrapy.crawler import AsyncCrawlerRunner

from crawlproj.frontier.base import Totals
from crawlproj.items import FetchFailure, Page
from crawlproj.scheduler import scheduler_of
from crawlproj.spiders.site import SiteSpider
from tests.downloadermiddlewares.crawling import SETTINGS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from crawlproj.scheduling.tally import Tally


_CHUNK_BYTES = 65_536
_LENGTH = re.compile(r"content-length: *(\d+)", re.IGNORECASE)


@dataclass
class Answer:
    """The answer of the web: HTML by default."""

    body: bytes | str = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Web = "Callable[[str, str], Answer | str | bytes]"
"""Takes an absolute URL and its request; text and bytes are pages. It may be asynchronous."""


@dataclass
class Crawled:
    """The outcome of a crawl.

    asked: the URLs in the order of their requests. body_bytes: how much of each body was sent.
    """

    asked: list[str] = field(default_factory=list)
    body_bytes: dict[str, int] = field(default_factory=dict)
    pages: list[Page] = field(default_factory=list)
    failures: list[FetchFailure] = field(default_factory=list)
    tally: Tally | None = None
    totals: Totals = field(default_factory=Totals)
    finished: bool = False

    @property
    def urls(self) -> set[str]:
        """The pages' URLs."""
        return {page.url for page in self.pages}

    @property
    def skipped(self) -> dict[str, int]:
        assert self.tally is not None
        return dict(self.tally.skipped)


def page(*hrefs: str, title: str = "", text: str = "") -> str:
    """Return a page with links."""
    links = "".join(f'<p><a href="{href}">{href}</a>' for href in hrefs)
    return f"<!doctype html><title>{title}</title><p>{text}</p>{links}"


NOT_FOUND = Answer("no such page", 404)


def web_of(pages: dict[str, Any]) -> Callable[[str, str], Any]:
    """Return a web of one site, http://a.example, by the paths of its pages."""
    return lambda url, _: pages.get(url.removeprefix("http://a.example"), NOT_FOUND)


@asynccontextmanager
async def answering(web: Callable[[str, str], Any], done: Crawled) -> AsyncIterator[str]:
    """Run a proxy that answers for every host as ``web`` says; yields its host and port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode("latin-1"):
                target = head.split()[1]
                done.asked.append(target)
                if (length := _LENGTH.search(head)) is not None:
                    head += (await reader.readexactly(int(length[1]))).decode("latin-1")
                answer = web(target, head)
                if inspect.isawaitable(answer):
                    answer = await answer
                if not isinstance(answer, Answer):
                    answer = Answer(answer)
                body = answer.body.encode() if isinstance(answer.body, str) else answer.body
                headers = {"Content-Type": "text/html; charset=utf-8"} | answer.headers
                lines = [f"{name}: {value}" for name, value in headers.items()]
                lines = [f"HTTP/1.1 {answer.status} X", f"Content-Length: {len(body)}", *lines]
                writer.write("\r\n".join([*lines, "", ""]).encode())
                done.body_bytes[target] = 0
                for start in range(0, len(body), _CHUNK_BYTES):
                    writer.write(body[start : start + _CHUNK_BYTES])
                    await writer.drain()
                    done.body_bytes[target] += _CHUNK_BYTES
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def crawl_site(web: Callable[[str, str], Any], url: str, **settings: Any) -> Crawled:
    """Crawl ``url`` through a proxy that answers for every host as ``web`` says."""
    arguments, seconds = settings.pop("arguments", {}), settings.pop("seconds", 60)
    done = Crawled()

    def scraped(item: Any) -> None:
        (done.pages if isinstance(item, Page) else done.failures).append(item)

    crawler = AsyncCrawlerRunner({**SETTINGS, "ROBOTSTXT_OBEY": True} | settings).create_crawler(
        SiteSpider
    )
    schedulers = []
    crawler.signals.connect(scraped, signals.item_scraped)

    def opened() -> None:
        schedulers.append(scheduler_of(crawler))

    crawler.signals.connect(opened, signals.spider_opened)
    async with answering(web, done) as proxy, asyncio.timeout(seconds):
        with patch.dict("os.environ", {"http_proxy": f"http://{proxy}", "no_proxy": ""}):
            await crawler.crawl_async(url=url, **arguments)
    (scheduler,) = schedulers
    assert scheduler is not None
    done.totals = scheduler.totals
    done.tally, done.finished = scheduler.tally, scheduler.finished
    return done
