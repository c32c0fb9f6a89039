"""Notes the page in progress, so that it is known which page killed the process."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.exceptions import NotConfigured
from twisted.python.failure import Failure

from crawlproj._scrapy.scraper import surround_callbacks
from crawlproj.extensions.fleet import place_of
from crawlproj.fleet.breadcrumb import Breadcrumb, CurrentPage, read_breadcrumb
from crawlproj.fleet.files import breadcrumb_file
from crawlproj.fleet.quarantine import KILLS, Quarantine
from crawlproj.frontier.url import sqlite_path
from crawlproj.latency.stopwatch import Stopwatch
from crawlproj.masking import without_credentials
from crawlproj.scheduler import scheduler_of
from crawlproj.scheduling.crawl_config import CrawlConfig
from crawlproj.scheduling.serialize import LEASE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawlproj._scrapy.scraper import CallSpider

__all__ = ["Breadcrumbs"]

logger = logging.getLogger(__name__)


class Breadcrumbs:
    """Notes the page in progress; see Breadcrumb. On in a fleet, and with a frontier in a file.

    In a fleet (FLEET_DIR and FLEET_WORKER are set), the supervisor reads the note of a worker that
    has died. Otherwise the next run of the job does; PutAsideMiddleware says what comes of it.

    Callbacks, errbacks and generators of several pages take turns, and
    Scrapy yields to the loop between a spider middleware and the callback. So every step of a
    page's code notes its page first: a Stopwatch reads its clock before and after each step, and
    the clock given to it makes the note. A note stays until the turn of another page or the end of
    its own; it thus covers the work of pipelines on the items of its page.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._file: Path | None = None  # without a fleet: the note is ours to read and remove
        self._breadcrumb: Breadcrumb | None = None
        try:
            self._breadcrumb = Breadcrumb(breadcrumb_file(*place_of(crawler.settings)))
        except NotConfigured:
            if not CrawlConfig.from_settings(crawler.settings).frontier_url.startswith("sqlite:"):
                raise
        # After spider_opened, when the timing of callbacks is installed, to surround that too.
        crawler.signals.connect(self._install, signals.engine_started)
        crawler.signals.connect(self._close, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Breadcrumbs:
        """Build the extension. Raises NotConfigured without a fleet and a frontier in a file."""
        return cls(crawler)

    def _install(self) -> None:
        scheduler = scheduler_of(self._crawler)
        if scheduler is None or scheduler.opened is None:
            return
        if self._breadcrumb is None:
            database = sqlite_path(scheduler.config.frontier_url, "FRONTIER_URL")
            job = blake2b(scheduler.job.encode(), digest_size=4).hexdigest()
            self._file = database.with_name(f"{database.name}.{job}.page")
            page = read_breadcrumb(self._file)
            self._breadcrumb = Breadcrumb(self._file)  # erases it, so that no death counts twice
            scheduler.deaths = self._count_death(page, scheduler.opened.generation)
        surround_callbacks(self._crawler.engine.scraper, self._noted)

    def _count_death(self, page: CurrentPage | None, generation: int) -> Mapping[str, int]:
        """Count the death that an earlier run left a note of; returns the deaths on each page."""
        assert self._file is not None  # noqa: S101 - the caller has set it
        killed = Quarantine(self._file.with_suffix(".kills"), generation)
        if page is not None:
            kills = killed.blame(page.url)
            logger.warning(
                "An earlier run was killed while it handled %s; that was the %s time of %d",
                without_credentials(page.url),
                {1: "first", 2: "second"}.get(kills, "last"),
                KILLS,
            )
        return killed.kills

    def _close(self) -> None:
        if self._breadcrumb is not None:
            self._breadcrumb.close()
        if self._file is not None:
            self._file.unlink(missing_ok=True)

    def _noted(self, call_spider: CallSpider) -> CallSpider:
        async def call(
            result: Response | Failure, request: Request
        ) -> Iterable[Any] | AsyncIterator[Any]:
            unhandled = isinstance(result, Failure) and request.errback is None
            if unhandled or LEASE not in request.meta:
                return await call_spider(result, request)
            page = CurrentPage(request.meta[LEASE], request.url)
            steps = Stopwatch(partial(self._note, page))
            try:
                output = await steps.awaited(call_spider(result, request))
            except BaseException:
                self._end(page, 0.0)
                raise
            ended = partial(self._end, page)
            if isinstance(output, AsyncIterator):
                return steps.async_iterated(output, ended)
            return steps.iterated(output, ended)

        return call

    def _note(self, page: CurrentPage) -> float:
        assert self._breadcrumb is not None  # noqa: S101 - _install saw to it
        self._breadcrumb.note(page)
        return 0.0

    def _end(self, page: CurrentPage, _: float) -> None:
        assert self._breadcrumb is not None  # noqa: S101 - _install saw to it
        self._breadcrumb.clear(page)
