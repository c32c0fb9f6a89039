"""Finds the duplicates of a run at once, for those who listen to ``request_dropped``.

The frontier finds them when they are written, too late for Scrapy's signal. Projects count on that,
for example to acknowledge the message of a queue from which a request came.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.statscollectors import StatsCollector


class AnnouncedDuplicates:
    """Remembers the keys of a run's requests, if anyone ``listens``.

    A million keys take 80 MB. What only earlier runs, or other processes, have put is not among
    them.
    """

    def __init__(self, stats: StatsCollector, listens: Callable[[], bool]) -> None:
        self._stats = stats
        self._listens = listens
        self._keys: set[int] = set()

    @cached_property
    def _on(self) -> bool:
        return self._listens()  # by the first request, those who do have connected

    def drops(self, key: int) -> bool:
        """Whether a request with ``key`` came before, which is counted as Scrapy's filter does."""
        if not self._on:
            return False
        if key in self._keys:
            self._stats.inc_value("dupefilter/filtered")
            return True
        self._keys.add(key)
        return False
