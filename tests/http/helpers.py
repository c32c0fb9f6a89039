"""Runs download handlers in tests."""

from __future__ import annotations

import functools
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest_twisted
from scrapy.utils.defer import deferred_from_coro
from scrapy.utils.misc import build_from_crawler, load_object
from scrapy.utils.test import get_crawler

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from scrapy import Request
    from scrapy.crawler import Crawler

OURS = "crawlproj.http.DownloadHandler"
HTTP11 = "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler"
PHASES = ["queued", "dns", "connect", "tls", "ttfb", "transfer"]


def on_reactor(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run an async test in an asyncio task under the reactor, as Scrapy runs downloads."""

    @functools.wraps(test)
    async def run(*args: Any, **kwargs: Any) -> None:
        await deferred_from_coro(test(*args, **kwargs))

    return cast("Callable[..., None]", pytest_twisted.ensureDeferred(run))


def crawler_with(**settings: Any) -> Crawler:
    """Return a crawler with a spider and ``settings`` that may connect to loopback."""
    crawler = get_crawler(
        settings_dict={"GUARD_ALLOW": ["127.0.0.0/8"], "DOWNLOAD_TIMEOUT": 10, **settings}
    )
    crawler.spider = crawler._create_spider("test")
    return crawler


@asynccontextmanager
async def open_handler(path: str = OURS, **settings: Any) -> AsyncIterator[Any]:
    """Build the handler at ``path`` with ``settings``, and close it on exit."""
    handler = build_from_crawler(load_object(path), crawler_with(**settings))
    try:
        yield handler
    finally:
        await handler.close()


async def fetch(path: str, request: Request, **settings: Any) -> Any:
    async with open_handler(path, **settings) as handler:
        return await handler.download_request(request)


def sent(response: Any) -> list[str]:
    """Return the request's lines as the site received them."""
    head: str = json.loads(response.body)["head"]
    return head.rstrip("\r\n").split("\r\n")
