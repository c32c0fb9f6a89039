"""Whole crawls in this process, of sites on loopback that refuse requests and record them."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerRunner
from scrapy.spidermiddlewares.httperror import HttpError

import crawlproj.settings
from crawlproj.reasons import error_of, reason_of
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

SCRAPYS = "scrapy.core.scheduler.Scheduler"

SETTINGS: dict[str, Any] = {
    **{name: value for name, value in vars(crawlproj.settings).items() if name.isupper()},
    "ASYNCIO_EVENT_LOOP": None,
    "EXTENSIONS": {},
    "ITEM_PIPELINES": {},
    "FRONTIER_URL": "memory:",
    "STORE_URL": "",
    "GUARD_ALLOW": ["127.0.0.0/8"],
    "ROBOTSTXT_OBEY": False,
    "LOG_LEVEL": "ERROR",
    "RETRY_TIMES": 0,
    "CONCURRENCY_REFUSALS": 10,
    "DOWNLOAD_TIMEOUT": 20,
    "SHUTDOWN_GRACE": 1,
}

# A status, and Retry-After or "" (or the target of a redirect).
Answer = tuple[int, str]
OK: Answer = (200, "")


def refusing(times: int, status: int = 429, retry_after: str = "") -> Callable[[str, int], Answer]:
    """Refuse each path some times, then answer."""
    return lambda _, before: (status, retry_after) if before < times else OK


class Site:
    """A site that refuses as ``answer`` says, given a path and how often it was requested before.

    asked: the paths in the order of their requests, with times. head: the latest request's.
    """

    def __init__(self, answer: Callable[[str, int], Answer], latency_s: float) -> None:
        self._answer = answer
        self._latency_s = latency_s
        self.asked: list[tuple[str, float]] = []
        self.url = self.head = ""
        self.port = 0
        self.now = 0
        self.in_flight: list[int] = []  # at each arrival, itself included

    @property
    def paths(self) -> Counter[str]:
        """How often each path was requested."""
        return Counter(path for path, _ in self.asked)

    def gaps(self, path: str) -> list[float]:
        """Seconds between two requests of ``path``."""
        times = [at for asked, at in self.asked if asked == path]
        return [after - before for before, after in itertools.pairwise(times)]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.head = head.decode()
                path = self.head.split()[1]
                status, retry_after = self._answer(path, self.paths[path])
                self.asked.append((path, time.monotonic()))
                self.now += 1
                self.in_flight.append(self.now)
                await asyncio.sleep(self._latency_s)
                self.now -= 1
                lines = [f"HTTP/1.1 {status} X", "Content-Length: 2", "Content-Type: text/plain"]
                name = "Location" if 300 <= status < 400 else "Retry-After"
                lines += [f"{name}: {retry_after}"] if retry_after else []
                writer.write("\r\n".join([*lines, "", "ok"]).encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def site(
    answer: Callable[[str, int], Answer] = lambda *_: OK,
    *,
    latency_s: float = 0.0,
    host: str = "127.0.0.1",
) -> AsyncIterator[Site]:
    """Run a site on a free port."""
    made = Site(answer, latency_s)
    server = await asyncio.start_server(made.serve, host, 0)
    made.port = server.sockets[0].getsockname()[1]
    made.url = f"http://{host}:{made.port}"
    try:
        yield made
    finally:
        server.close()


class Visitor(Spider):
    """Sends the given requests and records the result of each: a status or a reason."""

    name = "visitor"

    def __init__(
        self,
        requests: list[Request],
        outcomes: dict[str, int | str],
        look: Callable[[Crawler], None],
    ) -> None:
        super().__init__()
        self.requests = requests
        self.outcomes = outcomes
        self.look = look

    async def start(self) -> AsyncIterator[Request]:
        for request in self.requests:
            yield request.replace(callback=self.parse, errback=self.failed)

    def parse(self, response: Response) -> None:
        self.outcomes[response.url] = response.status
        self.look(self.crawler)

    def failed(self, failure: Failure) -> None:
        error = error_of(failure)
        request: Request = failure.request  # type: ignore[attr-defined]
        if isinstance(error, HttpError):
            request = error.response.request or request
        self.outcomes[request.url] = reason_of(error)
        self.look(self.crawler)


async def crawl(
    requests: Sequence[Request | str],
    look: Callable[[Crawler], None] = lambda _: None,
    spider: type[Visitor] = Visitor,
    **settings: Any,
) -> tuple[dict[str, int | str], Crawler]:
    """Crawl; return the result of each URL, and the crawler.

    look: called whenever a request has ended.
    """
    outcomes: dict[str, int | str] = {}
    crawler = AsyncCrawlerRunner(SETTINGS | settings).create_crawler(spider)
    asked = [Request(one) if isinstance(one, str) else one for one in requests]
    async with asyncio.timeout(PATIENCE_S):
        await crawler.crawl_async(asked, outcomes, look)
    return outcomes, crawler
