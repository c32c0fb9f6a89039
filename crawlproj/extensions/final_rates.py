"""Sets the stats of Scrapy's LogStats, without its log lines."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from scrapy.extensions.logstats import LogStats

if TYPE_CHECKING:
    from scrapy import Spider

__all__ = ["FinalRates"]


class FinalRates(LogStats):
    """Sets ``responses_per_minute`` and ``items_per_minute`` at the end.

    It logs nothing meanwhile, because Progress reports more.
    """

    def spider_opened(self, spider: Spider) -> None:
        """Start no log lines."""

    def spider_closed(self, spider: Spider, reason: str) -> None:
        """Set both rates, if the stats collector can give the times of the crawl."""
        with suppress(ValueError):  # scrapy-redis's collector reads nothing but whole numbers
            super().spider_closed(spider, reason)
