"""Notes the page in progress, so that it is known which page killed the process."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.exceptions import NotConfigured

from crawlproj._scrapy.callbacks import watch_callbacks
from crawlproj.extensions.fleet import place_of
from crawlproj.fleet.breadcrumb import Breadcrumb, CurrentPage, read_breadcrumb
from crawlproj.fleet.files import breadcrumb_file
from crawlproj.fleet.quarantine import KILLS, Quarantine
from crawlproj.frontier.url import job_file
from crawlproj.masking import without_credentials
from crawlproj.scheduler import scheduler_of
from crawlproj.scheduling.crawl_config import CrawlConfig
from crawlproj.scheduling.serialize import LEASE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from scrapy import Request
    from scrapy.crawler import Crawler


__all__ = ["Breadcrumbs"]

logger = logging.getLogger(__name__)


class Breadcrumbs:
    """Notes the page in progress; see Breadcrumb. On in a fleet, and with a frontier in a file.

    In a fleet (FLEET_DIR and FLEET_WORKER are set), the supervisor reads the note of a worker that
    has died. Otherwise the next run of the job does; PutAsideMiddleware says what comes of it.

    Callbacks, errbacks and generators of several pages take turns, so every step of a page's code
    notes its page first. A note stays until the turn of another page or the end of its own; it thus
    covers the work of pipelines on the items of its page.
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
            self._file = job_file(scheduler.config.frontier_url, scheduler.job, "page")
            assert self._file is not None  # noqa: S101 - __init__ saw to it
            page = read_breadcrumb(self._file)
            self._breadcrumb = Breadcrumb(self._file)  # erases it, so that no death counts twice
            scheduler.deaths = self._count_death(page, scheduler.opened.generation)
        watch_callbacks(self._crawler.engine.scraper, self._watched)

    def _count_death(self, page: CurrentPage | None, generation: int) -> Mapping[str, int]:
        """Count the death that an earlier run left a note of; returns the deaths on each page."""
        assert self._file is not None  # noqa: S101 - the caller has set it
        killed = Quarantine(_deaths_file(self._file), generation)
        if page is not None:
            kills = killed.blame(page.url)
            logger.warning(
                "An earlier run was killed while it handled %s; that was the %s time of %d",
                without_credentials(page.url),
                {1: "first", 2: "second"}.get(kills, "last"),
                KILLS,
                extra={"spider": self._crawler.spider},
            )
        return killed.kills

    def _close(self) -> None:
        if self._breadcrumb is not None:
            self._breadcrumb.close()
        if self._file is not None:
            self._file.unlink(missing_ok=True)
            scheduler = scheduler_of(self._crawler)
            if scheduler is not None and scheduler.finished:  # deaths count in one generation only
                _deaths_file(self._file).unlink(missing_ok=True)

    def _watched(self, request: Request) -> _Note | None:
        assert self._breadcrumb is not None  # noqa: S101 - _install saw to it
        if LEASE not in request.meta:
            return None
        return _Note(self._breadcrumb, CurrentPage(request.meta[LEASE], request.url))


class _Note:
    """Notes a page whenever a step of its code begins."""

    __slots__ = ("_breadcrumb", "_page")

    def __init__(self, breadcrumb: Breadcrumb, page: CurrentPage) -> None:
        self._breadcrumb = breadcrumb
        self._page = page

    def begin(self) -> None:
        self._breadcrumb.note(self._page)

    def end(self) -> None:
        """Leave the note: what the step yielded is worked on next."""

    def close(self) -> None:
        self._breadcrumb.clear(self._page)


def _deaths_file(note: Path) -> Path:
    return note.with_suffix(".kills")
