"""Yields a Page item for every response in an archive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy import Request

from crawlproj.config import text
from crawlproj.errors import ConfigError
from crawlproj.http import DownloadHandler
from crawlproj.http.replay import ReplayHandler
from crawlproj.spiders.arguments import refuse_unknown
from crawlproj.spiders.stores_pages import StoresPages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.crawler import Crawler

__all__ = ["ArchivedSpider"]


class ArchivedSpider(StoresPages):
    """Takes every URL that the archive in REPLAY_DIR has, except robots.txt. Follows no links.

    It is the spider of ``scrapy replay DIR``, where no other is named. Raises ConfigError without
    REPLAY_DIR, and if an argument is given.
    """

    name = "archived"
    job = ""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        refuse_unknown(self, kwargs)

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> ArchivedSpider:
        """Build the spider, whose job is named for the archive."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        folder = text(crawler.settings, "REPLAY_DIR", "")
        if not folder:
            raise ConfigError(f"the spider {cls.name!r} needs an archive: scrapy replay DIR")
        spider.job = f"{cls.name} {Path(folder).resolve()}"
        return spider

    async def start(self) -> AsyncIterator[Request]:
        """Yield a request for each URL."""
        handler = DownloadHandler.from_crawler(self.crawler)
        assert isinstance(handler, ReplayHandler)  # noqa: S101 - REPLAY_DIR chooses it
        for url in handler.reader.urls():
            yield Request(url, errback=self.failed)
