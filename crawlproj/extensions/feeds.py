"""Feeds of a crawl that may be killed, and of one that continues another."""

from __future__ import annotations

import csv
import errno
import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from scrapy import signals
from scrapy.exceptions import CloseSpider
from scrapy.extensions.feedexport import FeedExporter, FileFeedStorage
from twisted.python.failure import Failure

from crawlproj._scrapy.engine import begin_closing
from crawlproj.errors import NotStored
from crawlproj.open_paths import is_deleted
from crawlproj.scheduler import scheduler_of

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler
    from scrapy.extensions.feedexport import FeedSlot
    from scrapy.http import Response


__all__ = ["ContinuedFeeds"]

logger = logging.getLogger(__name__)

# Two files of these, one after the other, are a file of all their items.
_APPENDABLE = frozenset({"csv", "jl", "jsonlines", "jsonl", "marshal", "pickle"})


class ContinuedFeeds:
    """Appends where ``-O`` or ``"overwrite": True`` would delete the items of the first part.

    Only in a crawl that continues an interrupted one. A CSV file gets no second heading. If the
    format cannot be appended to (JSON, XML) and the file is not empty, closes the crawl with the
    reason "feed-unusable". Scrapy's other storages replace what they have stored; that is logged.

    Each item is in its file before its page counts as done, because a killed process would take the
    latest 8 KiB with it, and nothing would fetch their pages again. If a file cannot be written,
    closes the crawl with the reason "feed-failed". The pages of the items that are not in it go
    back to the frontier, and the file ends with the last whole item.

    If a feed could not be stored at the end (an upload), the command's exit status is 1.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._failed = ""  # what is wrong with a feed
        crawler.signals.connect(self._opened, signals.spider_opened)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ContinuedFeeds:
        """Build the extension."""
        return cls(crawler)

    def _scraped(self, item: Any, response: Response | Failure | None, spider: Spider) -> None:
        """Write an item, instead of FeedExporter's own receiver, which would only log an error."""
        exporter = self._crawler.get_extension(FeedExporter)
        scheduler = scheduler_of(self._crawler)
        if exporter is None or scheduler is None:
            return
        whole = [(slot, _size(slot)) for slot in exporter.slots]
        try:
            if not self._failed:
                exporter.item_scraped(item, spider)
                for slot in exporter.slots:
                    _flush(slot)
        except OSError as exc:
            self._stop(exc, whole)
        if self._failed:
            unwritten = NotStored(self._failed)
            scheduler.in_hand.on_item_error(response, Failure(unwritten))  # type: ignore[no-untyped-call]

    def _stop(self, error: OSError, whole: list[tuple[FeedSlot, int]]) -> None:
        places = ", ".join(slot.uri for slot, _ in whole)
        self._failed = f"{places} cannot be written ({error.strerror or error})"
        logger.error(
            "FEEDS: %s; the crawl stops. Make it writable, or name another place, and run it "
            "again: it goes on",
            self._failed,
            extra={"spider": self._crawler.spider},
        )
        for slot, size in whole:
            slot.store_empty = False  # do not try to write an empty file at the end, either
            if file := _file_of(slot):
                _take_back(file, size)
        begin_closing(self._crawler.engine, "feed-failed")

    def _closed(self) -> None:
        counts = self._crawler.stats.get_stats()
        scheduler = scheduler_of(self._crawler)
        failed = any(name.startswith("feedexport/failed_count/") for name in counts)
        if failed and scheduler is not None:
            scheduler.fail()

    def _opened(self) -> None:
        scheduler = scheduler_of(self._crawler)
        exporter = self._crawler.get_extension(FeedExporter)
        if exporter is None or scheduler is None or scheduler.opened is None:
            return
        self._crawler.signals.disconnect(exporter.item_scraped, signals.item_scraped)
        self._crawler.signals.connect(self._scraped, signals.item_scraped)
        self._crawler.signals.connect(self._closed, signals.feed_exporter_closed)
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
                    extra={"spider": self._crawler.spider},
                )
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
                    extra={"spider": self._crawler.spider},
                )
                return False
            if storage.write_mode != "ab":
                logger.warning(
                    "This crawl continues an interrupted one, so %s is appended to instead of "
                    "replaced",
                    file,
                    extra={"spider": self._crawler.spider},
                )
            if slot.format == "csv":
                _continue_csv(slot, file)
        storage.write_mode = "ab"
        options["overwrite"] = False  # for the next batches
        return True


def _flush(slot: FeedSlot) -> None:
    """Write what is buffered. Raises OSError, also if the file was deleted."""
    if file := _file_of(slot):
        file.flush()
        if "postprocessing" not in slot.feed_options and is_deleted(file.fileno()):
            raise FileNotFoundError(errno.ENOENT, "it was deleted")


def _file_of(slot: FeedSlot) -> IO[bytes] | None:
    """Return the open file of a feed; None if it has none, or none of its own."""
    if not isinstance(slot.storage, FileFeedStorage) or slot.file is None or slot.file.closed:
        return None
    return slot.file


def _size(slot: FeedSlot) -> int:
    """Return how many bytes the file of a feed has."""
    file = _file_of(slot)
    if file is not None and file.seekable():
        return file.tell()
    if isinstance(slot.storage, FileFeedStorage) and slot.storage.write_mode == "ab":
        path = Path(slot.storage.path)
        return path.stat().st_size if path.is_file() else 0
    return 0


def _take_back(file: IO[bytes], size: int) -> None:
    """Cut ``file``, to which writing failed, to ``size`` bytes, and forget what it has buffered.

    Does nothing to what is not a file on a disk.
    """
    with suppress(OSError):
        descriptor = file.fileno()
        os.ftruncate(descriptor, size)
        # A buffer keeps what it could not write, and would try again when it is closed.
        kept, nowhere = os.dup(descriptor), os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(nowhere, descriptor, inheritable=False)
        try:
            file.flush()
        finally:
            os.dup2(kept, descriptor, inheritable=False)
            os.close(kept)
            os.close(nowhere)
        file.seek(size)


def _continue_csv(slot: FeedSlot, file: Path) -> None:
    """Write the columns of ``file``, and no second line with their names."""
    options = slot.feed_options
    if "postprocessing" in options:  # compressed
        return
    if not options["item_export_kwargs"].get("include_headers_line", True):
        return
    with file.open(newline="", encoding=options["encoding"] or "utf-8") as lines:
        options["fields"] = options["fields"] or next(csv.reader(lines))
    options["item_export_kwargs"] = {
        **options["item_export_kwargs"],
        "include_headers_line": False,
    }
