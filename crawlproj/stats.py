"""Scrapy's stats collector at the cost of a dictionary."""

from __future__ import annotations

from scrapy.statscollectors import MemoryStatsCollector

__all__ = ["StatsCollector"]


class StatsCollector(MemoryStatsCollector):
    """Scrapy's own, without its check of every call for the deprecated argument ``spider``.

    The argument is still accepted and ignored. A plain page makes some twenty such calls.
    """

    __getattribute__ = object.__getattribute__
