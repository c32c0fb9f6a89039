"""Counts the items of a run by type: scraped, stored, dropped and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy import signals

from crawlproj.errors import NotStored
from crawlproj.items import FetchFailure
from crawlproj.reasons import drop_reason
from crawlproj.report.item_tally import ItemTally, most_frequent_first

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.exceptions import DropItem
    from twisted.python.failure import Failure


class ItemCounts:
    """Counts from when it is made. An item that the next run fetches again does not count."""

    def __init__(self, crawler: Crawler) -> None:
        self._stats = crawler.stats
        self._tallies: dict[str, ItemTally] = {}
        crawler.signals.connect(self._scraped, signals.item_scraped)
        crawler.signals.connect(self._dropped, signals.item_dropped)
        crawler.signals.connect(self._failed, signals.item_error)

    def tallies(self) -> dict[str, ItemTally]:
        """Return the tally of each type, the most frequent first."""
        for kind, tally in self._tallies.items():
            tally.stored = self._stats.get_value(f"store/items/{kind}")
        return most_frequent_first(self._tallies)

    def _scraped(self, item: Any) -> None:
        self._of(item).scraped += 1

    def _dropped(self, item: Any, exception: DropItem) -> None:
        if not (isinstance(item, FetchFailure) and item.reason == "cancelled"):
            self._of(item).drop(drop_reason(exception))

    def _failed(self, item: Any, failure: Failure) -> None:
        if not isinstance(failure.value, NotStored):
            self._of(item).drop("pipeline-error")

    def _of(self, item: Any) -> ItemTally:
        return self._tallies.setdefault(type(item).__name__, ItemTally())
