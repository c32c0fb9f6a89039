"""Finds the duplicates of a run at once, for the signal ``request_dropped`` and the log.

The frontier finds them when they are written, too late for Scrapy's signal. Projects count on that,
for example to acknowledge the message of a queue from which a request came.
"""

from __future__ import annotations

import logging
from functools import cached_property
from typing import TYPE_CHECKING

from scrapy.utils.request import referer_str

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request
    from scrapy.statscollectors import StatsCollector

logger = logging.getLogger(__name__)


class AnnouncedDuplicates:
    """Remembers the keys of a run's requests, if anyone ``listens`` or they are logged.

    logged: whether each duplicate is logged (DUPEFILTER_DEBUG).

    A million keys take 80 MB. Requests that only earlier runs, or other processes, have
    put are not among them.
    """

    def __init__(self, stats: StatsCollector, listens: Callable[[], bool], *, logged: bool) -> None:
        self._stats = stats
        self._listens = listens
        self._logged = logged
        self._keys: set[int] = set()

    @cached_property
    def _on(self) -> bool:
        return self._logged or self._listens()  # by the first request, those who do have connected

    def drops(self, request: Request, key: int) -> bool:
        """Whether one with ``key`` came before ``request``; counts and logs as Scrapy's filter."""
        if not self._on:
            return False
        if key in self._keys:
            self._stats.inc_value("dupefilter/filtered")
            if self._logged:
                referrer = referer_str(request)
                logger.debug("Filtered duplicate request: %s (referer: %s)", request, referrer)
            return True
        self._keys.add(key)
        return False
