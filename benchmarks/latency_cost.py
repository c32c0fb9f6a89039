"""The cost of recording latency, in CPU microseconds per page: python -m benchmarks.latency_cost.

The same pages pass through Scrapy's downloader middleware manager and the calls of its scraper,
with and without LatencyMiddleware. Nothing is downloaded, parsed or stored.
"""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider, signals
from scrapy.core.downloader.middleware import DownloaderMiddlewareManager
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from crawlproj._scrapy.callbacks import watch_callbacks
from crawlproj.downloadermiddlewares.latency import LatencyMiddleware

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGES = 2_000
SITES = 100
OUTPUT = 20  # results of a callback: an item and links
REPEATS = 7
BUDGET_US = 30.0


def parse(_: Response) -> Iterator[int]:
    yield from range(OUTPUT)


async def call_spider(_: Response, __: Request) -> Iterator[int]:
    raise AssertionError("crawlproj calls the callback")


async def process_item(_: Any, *, response: Response) -> None:
    assert response is not None


async def download(request: Request) -> Response:
    phases = ("queued", "dns", "connect", "tls", "ttfb", "transfer")
    request.meta["timings"] = dict(zip(phases, (1e-5, 2e-3, 0.02, 0.03, 0.12, 0.04), strict=True))
    request.meta["permit_wait"] = 0.5
    return Response(request.url, request=request)


def cost_us(*, recording: bool) -> float:
    """Return CPU microseconds per page."""
    priority = 970 if recording else None
    crawler = get_crawler(
        Spider,
        {
            "DOWNLOADER_MIDDLEWARES": {LatencyMiddleware: priority},
            "DOWNLOADER_MIDDLEWARES_BASE": {},
            "EXTENSIONS_BASE": {},
        },
    )
    spider = Spider.from_crawler(crawler, name="cost")
    scraper: Any = SimpleNamespace(
        crawler=SimpleNamespace(spider=spider),
        call_spider_async=call_spider,
        start_itemproc_async=process_item,
    )
    watch_callbacks(scraper, lambda _: None)  # as in every crawl, recording or not
    crawler.engine = SimpleNamespace(scraper=scraper)  # type: ignore[assignment]
    manager = DownloaderMiddlewareManager.from_crawler(crawler)
    crawler.signals.send_catch_log(signals.spider_opened, spider=spider)

    async def crawl() -> float:
        urls = [f"http://site{n % SITES}.test/{n}" for n in range(PAGES)]
        requests = [Request(url, callback=parse) for url in urls]
        began = time.process_time()
        for request in requests:
            response = await manager.download_async(download, request)
            assert isinstance(response, Response)
            for _ in await scraper.call_spider_async(response, request):
                pass
            await scraper.start_itemproc_async({}, response=response)
        return (time.process_time() - began) / PAGES * 1e6

    return asyncio.run(crawl())


def main() -> None:
    pairs = [(cost_us(recording=True), cost_us(recording=False)) for _ in range(REPEATS)]
    cost = min(with_it for with_it, _ in pairs) - min(without for _, without in pairs)
    print(f"recording latency: {cost:.1f} us per page (budget: {BUDGET_US:.0f})")


if __name__ == "__main__":
    main()
