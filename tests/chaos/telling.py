"""An add-on of the workers under test: each logs which owner it is, once it is at work."""

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
        # Not when the spider is opened: before the engine runs, Scrapy ends the process after a
        # signal without closing anything.
        crawler.signals.connect(self._asked, signals.request_reached_downloader)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def _asked(self) -> None:
        self._crawler.signals.disconnect(self._asked, signals.request_reached_downloader)
        scheduler = self._crawler.engine.scheduler
        assert isinstance(scheduler, Scheduler)
        logger.info("%s%d", TOLD, scheduler.owner)
