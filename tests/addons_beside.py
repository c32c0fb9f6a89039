"""Add-ons of other packages, which change the download handlers after crawlproj's add-on."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from scrapy.utils.misc import build_from_crawler

from crawlproj.http import DownloadHandler

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.settings import BaseSettings


class Unguarded:
    """Downloads with Scrapy's own handler."""

    handler: ClassVar = "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler"

    def update_settings(self, settings: BaseSettings) -> None:
        name = "DOWNLOAD_HANDLERS"
        handlers = {**settings.getdict(name), "http": self.handler, "https": self.handler}
        settings.set(name, handlers, priority=settings.getpriority(name) or "addon")


class InFront(Unguarded):
    """Downloads with a handler that hands requests on to crawlproj's, as scrapy-zyte-api's does."""

    handler = "tests.addons_beside.InFrontHandler"


class InFrontHandler:
    lazy = False

    def __init__(self, crawler: Crawler) -> None:
        self._next = build_from_crawler(DownloadHandler, crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> InFrontHandler:
        return cls(crawler)

    async def download_request(self, request: Request) -> Response:
        return await self._next.download_request(request)

    async def close(self) -> None:
        await self._next.close()
