"""An add-on of the workers under test: each logs its owner number once it works."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scrapy import signals

from crawlproj.scheduler import Scheduler

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

PREFIX = "This worker is owner "
logger = logging.getLogger(__name__)


class OwnerLog:
    """Logs the number that a supervisor needs to give up a dead worker."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        # Not at spider_opened: a signal that arrives before the engine runs makes Scrapy end the
        # process without closing anything.
        crawler.signals.connect(self._log_owner, signals.request_reached_downloader)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def _log_owner(self) -> None:
        self._crawler.signals.disconnect(self._log_owner, signals.request_reached_downloader)
        scheduler = self._crawler.engine.scheduler
        assert isinstance(scheduler, Scheduler)
        logger.info("%s%d", PREFIX, scheduler.backend.owner)
