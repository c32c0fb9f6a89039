"""Feeds of a crawl that may be killed, and of one that continues another."""

from __future__ import annotations

import csv
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.exceptions import CloseSpider
from scrapy.extensions.feedexport import FeedExporter, FileFeedStorage

from crawlproj.scheduler import scheduler_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.extensions.feedexport import FeedSlot

__all__ = ["ContinuedFeeds"]

logger = logging.getLogger(__name__)

# Two files of these, one after the other, are a file of all their items.
_APPENDABLE = frozenset({"csv", "jl", "jsonlines", "jsonl", "marshal", "pickle"})


class ContinuedFeeds:
    """Appends where ``-O`` or ``"overwrite": True`` would delete the items of the first part.

    Only in a crawl that continues an interrupted one. If the format cannot be appended to (JSON,
    XML) and the file is not empty, closes the crawl with the reason "feed-unusable". Scrapy's other
    storages replace what they have stored; that is logged.

    Each item is in its file before its page counts as done, because a killed process would take the
    latest 8 KiB with it, and nothing would fetch their pages again.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        crawler.signals.connect(self._opened, signals.spider_opened)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ContinuedFeeds:
        """Build the extension."""
        return cls(crawler)

    def _scraped(self) -> None:
        exporter = self._crawler.get_extension(FeedExporter)
        for slot in exporter.slots if exporter is not None else ():
            if isinstance(slot.storage, FileFeedStorage) and slot.file and not slot.file.closed:
                slot.file.flush()

    def _opened(self) -> None:
        scheduler = scheduler_of(self._crawler)
        exporter = self._crawler.get_extension(FeedExporter)
        if exporter is None or scheduler is None or scheduler.opened is None:
            return
        if exporter.slots:  # from now on, so after FeedExporter's
            self._crawler.signals.connect(self._scraped, signals.item_scraped)
        if not scheduler.opened.resumed:
            return
        unusable = [slot for slot in exporter.slots if not self._continue(slot)]
        if unusable:
            for slot in exporter.slots:
                slot.store_empty = False  # leave the files as they are
            raise CloseSpider("feed-unusable")

    def _continue(self, slot: FeedSlot) -> bool:
        """Make ``slot`` append; return False if its file must neither grow nor be replaced."""
        storage, options = slot.storage, slot.feed_options
        if not isinstance(storage, FileFeedStorage):
            if options.get("overwrite"):
                logger.warning(
                    "This crawl continues an interrupted one, whose items in %s it replaces",
                    slot.uri_template,
                )
            return True
        if storage.write_mode == "ab":
            return True
        file = Path(storage.path)
        if file.is_file() and file.stat().st_size:
            if slot.format not in _APPENDABLE:
                logger.error(
                    "%s has the items of the first part of this crawl, and %s cannot be appended "
                    "to: give -O another file, use jsonlines, or start over with "
                    "-s FRONTIER_RESET=1",
                    file,
                    slot.format,
                )
                return False
            logger.warning(
                "This crawl continues an interrupted one, so %s is appended to instead of replaced",
                file,
            )
            if slot.format == "csv":
                _continue_csv(slot, file)
        storage.write_mode = "ab"
        options["overwrite"] = False  # for the next batches
        return True


def _continue_csv(slot: FeedSlot, file: Path) -> None:
    """Write the columns of ``file``, and no second line with their names."""
    options = slot.feed_options
    with file.open(newline="", encoding=options["encoding"] or "utf-8") as lines:
        options["fields"] = options["fields"] or next(csv.reader(lines))
    options["item_export_kwargs"] = {
        **options["item_export_kwargs"],
        "include_headers_line": False,
    }
