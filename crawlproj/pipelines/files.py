"""Keeps the bodies of the pages that ``save`` chooses as files."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from scrapy.exceptions import CloseSpider, NotConfigured

from crawlproj._scrapy.engine import begin_closing
from crawlproj.errors import NotStored
from crawlproj.items import SavedPage
from crawlproj.pipelines.logged_once import log_failures_once
from crawlproj.store.files import file_folder

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawlproj.store.files import Files

__all__ = ["FilesPipeline"]

logger = logging.getLogger(__name__)


class FilesPipeline:
    """Writes the body of each SavedPage to FILES_URL, and passes the page on once it is durable.

    If a file cannot be written, closes the crawl with the reason "files-failed"; the page fails
    with NotStored, which returns it to the frontier. Stats: ``files/saved``, ``files/bytes``, and
    ``files/known`` for contents that were there.
    """

    def __init__(self, crawler: Crawler, folder: Files) -> None:
        self._crawler = crawler
        self._folder = folder
        self._failed = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> FilesPipeline:
        """Build the pipeline.

        Raises NotConfigured if the spider saves nothing, and ConfigError if FILES_URL is wrong.
        """
        if getattr(crawler.spider, "save", None) is None:
            raise NotConfigured
        return cls(crawler, file_folder(crawler.settings))

    async def open_spider(self) -> None:
        """Prepare the folder. Raises CloseSpider("files-unusable") if that is impossible."""
        try:
            await asyncio.to_thread(self._folder.open)
        except OSError as exc:
            logger.error(
                "FILES_URL: %s cannot be written (%s)",
                self._folder.place,
                exc.strerror or exc,
                extra={"spider": self._crawler.spider},
            )
            raise CloseSpider("files-unusable") from exc
        log_failures_once()

    async def process_item(self, item: Any) -> Any:
        """Return ``item`` once its file is durable. Raises NotStored."""
        if not isinstance(item, SavedPage) or not item.file:
            return item
        body, item.body = item.body, b""
        try:
            is_new = await asyncio.to_thread(self._folder.keep, item.file, body)
        except OSError as exc:
            self._stop(exc)
            raise NotStored(f"{self._folder.place}/{item.file} cannot be written: {exc}") from exc
        count = self._crawler.stats.inc_value
        count("files/saved" if is_new else "files/known")
        if is_new:
            count("files/bytes", len(body))
        return item

    def _stop(self, error: OSError) -> None:
        if not self._failed:
            self._failed = True
            logger.error(
                "FILES_URL: %s cannot be written (%s); the crawl stops. Make it writable, or set "
                "FILES_URL to another folder, and run it again: it goes on",
                self._folder.place,
                error.strerror or error,
                extra={"spider": self._crawler.spider},
            )
            begin_closing(self._crawler.engine, "files-failed")
