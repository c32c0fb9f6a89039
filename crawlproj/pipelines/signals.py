"""Drops pages that their site does not want to be stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from itemadapter import ItemAdapter
from scrapy.exceptions import DropItem, NotConfigured

from crawlproj.content.page_signals import respected_signals
from crawlproj.content.usage import forbidding
from crawlproj.items import Page

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

__all__ = ["SignalsPipeline", "UseForbidden"]


class UseForbidden(DropItem):
    """The site of an item forbids to keep it. reason: the signal."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message, log_level="DEBUG")
        self.reason = reason


class SignalsPipeline:
    """Drops each item whose field ``signals`` has one that RESPECT_SIGNALS names and that says no.

    ``dropped_items`` has only its URL. See content/usage.py for the signals. Raises NotConfigured
    if RESPECT_SIGNALS is empty.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._respected = respected_signals(crawler.settings)
        if not self._respected:
            raise NotConfigured

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> SignalsPipeline:
        """Build the pipeline. Raises ConfigError if RESPECT_SIGNALS is wrong."""
        return cls(crawler)

    def process_item(self, item: Any) -> Any:
        """Return ``item``, or raise UseForbidden."""
        signals = item.signals if isinstance(item, Page) else ItemAdapter(item).get("signals")
        if signals and (signal := forbidding(signals, self._respected)):
            url = ItemAdapter(item).get("url", "")
            raise UseForbidden(f"{url} is not stored: its site says {signal}", signal)
        return item
