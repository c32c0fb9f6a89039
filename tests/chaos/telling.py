"""An add-on of the workers under test: each tells in its log which owner it is."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scrapy import signals

from crawlproj.scheduler import Scheduler

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

TOLD = "This worker is owner "
logger = logging.getLogger(__name__)


class Telling:
    """See the module docstring; a supervisor needs the number to give a dead worker up."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        crawler.signals.connect(self._opened, signals.spider_opened)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def _opened(self) -> None:
        scheduler = self._crawler.engine.scheduler
        assert isinstance(scheduler, Scheduler)
        logger.info("%s%d", TOLD, scheduler.owner)
