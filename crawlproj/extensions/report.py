"""Writes the report during the crawl and at its end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.exceptions import NotConfigured

from crawlproj.config import number, text
from crawlproj.latency import recorder_of
from crawlproj.latency.recorder import OTHER
from crawlproj.report.document import MAX_SITES, Crawl, document
from crawlproj.report.files import ReportFiles
from crawlproj.report.places import places
from crawlproj.report.sites import SiteRow, site_row
from crawlproj.report.timeline import MAX_RANK, SiteTick, Tick, Timeline
from crawlproj.scheduler import scheduler_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scrapy.crawler import Crawler

    from crawlproj.limits.permits import Permits
    from crawlproj.limits.view import SiteView
    from crawlproj.scheduler import Scheduler

__all__ = ["Report"]

logger = logging.getLogger(__name__)

_TICK_S = 1.0
_ROWS_AT_ONCE = 200  # take some milliseconds


class Report:
    """Writes the file REPORT every REPORT_INTERVAL seconds and at the end.

    Only this extension may take intervals from the recorder. A thread makes and writes the
    document, while no tick is taken; the event loop makes the sites' rows, some at a time.
    """

    def __init__(self, crawler: Crawler, clock: Callable[[], float] = time.monotonic) -> None:
        target = text(crawler.settings, "REPORT", "")
        if not target:
            raise NotConfigured
        self._files = ReportFiles(target)
        self._interval_s = number(crawler.settings, "REPORT_INTERVAL", 60.0, minimum=1.0)
        self._crawler = crawler
        self._clock = clock
        self._recorder = recorder_of(crawler)
        self._timeline = Timeline()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._started_at = 0.0
        self._began = self._ticked = 0.0
        self._done = 0
        self._errors = Counter[str]()
        self._limit = 0.0
        crawler.signals.connect(self._opened, signals.spider_opened)
        crawler.signals.connect(self._closed, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Report:
        """Build the extension. Raises NotConfigured without REPORT, ConfigError if it is wrong."""
        return cls(crawler)

    def _opened(self) -> None:
        scheduler = scheduler_of(self._crawler)
        if scheduler is None:
            logger.warning(
                'No report: it needs SCHEDULER = "crawlproj.scheduler.Scheduler"',
                extra={"spider": self._crawler.spider},
            )
            return
        self._started_at = time.time()
        self._began = self._ticked = self._clock()
        self._task = asyncio.ensure_future(self._run(scheduler))

    async def _run(self, scheduler: Scheduler) -> None:
        written = self._clock()
        while not self._stopping.is_set():
            try:
                await asyncio.wait_for(self._stopping.wait(), _TICK_S)
            except TimeoutError:
                self._tick(scheduler)
            if self._clock() - written >= self._interval_s and not self._stopping.is_set():
                await self._write(scheduler, "running", "")
                written = self._clock()

    async def _closed(self, reason: str) -> None:
        scheduler = scheduler_of(self._crawler)
        if self._task is None or scheduler is None:
            return
        self._stopping.set()
        await self._task
        self._tick(scheduler)
        await self._write(scheduler, "finished" if scheduler.finished else "stopped", reason)

    def _tick(self, scheduler: Scheduler) -> None:
        now, done, errors = self._clock(), scheduler.tally.done, self._recorder.errors.copy()
        interval = self._recorder.take_interval()
        permits = scheduler.permits
        busy = permits.busy_views().values()
        if busy:  # between two requests, the limits are what they were
            self._limit = sum(view.limit for view in busy)
        self._timeline.add(
            Tick(
                start_s=self._ticked - self._began,
                span_s=now - self._ticked,
                done=done - self._done,
                errors=errors - self._errors,
                limit=self._limit,
                in_flight=sum(view.in_flight for view in busy),
                ttfb=interval.ttfb,
                lag=interval.lag,
                sites={
                    site: self._site_tick(site, count, permits.view(site))
                    for site, count in scheduler.tally.sites.most_common(MAX_RANK)
                },
            )
        )
        self._ticked, self._done, self._errors = now, done, errors

    def _site_tick(self, site: str, done: int, view: SiteView | None) -> SiteTick:
        latency = self._recorder.sites.get(site)
        return SiteTick(
            limit=view.limit if view else 0.0,
            in_flight=view.in_flight if view else 0,
            done=done,
            errors=latency.errors.total() if latency else 0,
            ttfb_sum_s=latency.ttfb.sum if latency else 0.0,
            ttfb_count=latency.ttfb.count if latency else 0,
        )

    async def _write(self, scheduler: Scheduler, state: str, reason: str) -> None:
        tally, recorder = scheduler.tally, self._recorder
        crawl = Crawl(
            spider=self._crawler.spider.name if self._crawler.spider else "",
            job=scheduler.job,
            generation=scheduler.opened.generation if scheduler.opened else 0,
            state=state,
            reason=reason,
            places=places(scheduler.config.place, text(self._crawler.settings, "STORE_URL", "")),
            started_at=self._started_at,
            written_at=time.time(),
            duration_s=self._clock() - self._began,
        )
        counts = tally.done, dict(tally.failed), dict(tally.skipped)
        phases, lag = recorder.phases, recorder.loop_lag
        known = (tally.sites.keys() | recorder.sites.keys()) - {OTHER}
        rows = await self._rows(tally.sites, known, scheduler.permits)
        controls = {site: scheduler.permits.control_of(site) for site in self._timeline.busiest()}
        decisions = {
            site: control.decisions.latest() if control is not None else []
            for site, control in controls.items()
        }

        def make() -> None:
            pages, failed, skipped = counts
            self._files.write(
                document(
                    crawl,
                    self._timeline,
                    pages=pages,
                    failed=failed,
                    skipped=skipped,
                    phases=phases,
                    lag=lag,
                    decisions=decisions,
                    rows=rows,
                    sites=len(known),
                ),
                f"Crawl report: {crawl.spider}",
            )

        try:
            await asyncio.to_thread(make)
        except OSError as exc:
            logger.error("Cannot write the report: %s", exc, extra={"spider": self._crawler.spider})

    async def _rows(
        self, done: Mapping[str, int], known: set[str], permits: Permits
    ) -> list[SiteRow]:
        busiest = sorted(known, key=lambda site: (-done.get(site, 0), site))[:MAX_SITES]
        running_s = max(self._clock() - self._began, 1e-3)
        rows = []
        for made, site in enumerate(busiest, 1):
            count = done.get(site, 0)
            latency = self._recorder.sites.get(site)
            rows.append(site_row(site, count, count / running_s, permits.view(site), latency))
            if made % _ROWS_AT_ONCE == 0:
                await asyncio.sleep(0)
        return rows
