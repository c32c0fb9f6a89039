"""Shows the progress of the crawl as a live display or log lines, and a summary at the end."""

from __future__ import annotations

import asyncio
import atexit
import logging
import sys
import time
from typing import TYPE_CHECKING, ClassVar

from scrapy import signals
from scrapy.exceptions import NotConfigured
from scrapy.utils.log import get_scrapy_root_handler

from crawlproj.config import boolean, number, text
from crawlproj.extensions.item_counts import ItemCounts
from crawlproj.latency import recorder_of
from crawlproj.latency.recorder import OTHER
from crawlproj.links.found import found_by
from crawlproj.report.console import Snapshot, live_view, log_line
from crawlproj.report.display import Display, LivePanel
from crawlproj.report.places import places
from crawlproj.report.sites import SiteRow, site_row
from crawlproj.report.summary import summary_table
from crawlproj.report.written import COUNTERS, LOGINS, compared, files_written, parquet_written
from crawlproj.scheduler import scheduler_of
from crawlproj.store.files import saves_to

if TYPE_CHECKING:
    from rich.console import RenderableType
    from scrapy.crawler import Crawler

    from crawlproj.scheduler import Scheduler

__all__ = ["Progress"]

logger = logging.getLogger(__name__)

_REFRESH_S = 0.5
_RATE_OVER_S = 5.0
_SITES_SHOWN = 12  # more than a display shows, so that a rising site already has a rate


class Progress:
    """The display. Without a terminal, it is a log line every PROGRESS_INTERVAL seconds.

    Everything goes to standard error, so that standard output has only what the user asked for.
    Without a terminal, the summary goes to the log if that is a file, and nowhere with ``--nolog``.
    """

    _live_shown: ClassVar[bool] = False  # a terminal has room for one; other crawls log

    def __init__(self, crawler: Crawler) -> None:
        if not boolean(crawler.settings, "PROGRESS_ENABLED", default=True):
            raise NotConfigured
        self._interval_s = number(crawler.settings, "PROGRESS_INTERVAL", 30.0, minimum=1.0)
        self._crawler = crawler
        self._console = Display(stderr=True, emoji=False)
        self._live: LivePanel | None = None
        self._task: asyncio.Task[None] | None = None
        self._started_at = time.monotonic()
        # Over the last seconds: time, pages done, pages done by the busiest sites.
        self._rates: list[tuple[float, int, dict[str, int]]] = []
        self._recorder = recorder_of(crawler)
        self._items = ItemCounts(crawler)
        crawler.signals.connect(self._opened, signals.spider_opened)
        crawler.signals.connect(self._closed, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Progress:
        """Build the extension. Raises NotConfigured if PROGRESS_ENABLED is off."""
        return cls(crawler)

    def _opened(self) -> None:
        scheduler = scheduler_of(self._crawler)
        if scheduler is None or scheduler.opened is None:
            return
        self._started_at = time.monotonic()
        handler = get_scrapy_root_handler()
        to_terminal = isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr
        if self._console.is_terminal and to_terminal and not Progress._live_shown:
            Progress._live_shown = True
            self._live = LivePanel(self._console)
            self._live.start()
            # Live redirects sys.stderr; log lines written to it appear above the display.
            handler.setStream(sys.stderr)  # type: ignore[union-attr]
        self._task = asyncio.ensure_future(self._run(scheduler))
        atexit.register(self._cut_off)

    async def _run(self, scheduler: Scheduler) -> None:
        logged_at = time.monotonic()
        while True:
            await asyncio.sleep(_REFRESH_S)
            snapshot = self._snapshot(scheduler)
            if self._live is not None:
                self._live.update(live_view(snapshot, self._console.width), refresh=True)
            elif time.monotonic() - logged_at >= self._interval_s:
                logged_at = time.monotonic()
                logger.info("%s", log_line(snapshot), extra={"spider": self._crawler.spider})

    def _cut_off(self) -> None:
        """Take the display away after a second Ctrl-C, which ends the process at once."""
        self._closed("interrupted twice")

    def _closed(self, reason: str) -> None:
        atexit.unregister(self._cut_off)
        if self._task is not None:
            self._task.cancel()
        if self._live is not None:
            self._live.stop()
            Progress._live_shown = False
            handler = get_scrapy_root_handler()
            if isinstance(handler, logging.StreamHandler):
                handler.setStream(sys.stderr)
            self._live = None
        scheduler = scheduler_of(self._crawler)
        if scheduler is not None and scheduler.opened is not None:
            snapshot = self._snapshot(scheduler, all_sites=True)
            self._print(summary_table(snapshot, reason, self._console.width))

    def _print(self, summary: RenderableType) -> None:
        # A run of cron with --nolog must be silent, as Scrapy is: cron mails what is printed.
        if not self._crawler.settings.getbool("LOG_ENABLED") and not self._console.is_terminal:
            return
        # Under scrapyd, standard error is the server's log; people read the log of the job.
        to_file = isinstance(get_scrapy_root_handler(), logging.FileHandler)
        if to_file and not self._console.is_terminal:
            with self._console.capture() as captured:
                self._console.print(summary, crop=False)
            logger.info("%s", captured.get().rstrip(), extra={"spider": self._crawler.spider})
        else:
            self._console.print(summary, crop=False)

    def _snapshot(self, scheduler: Scheduler, *, all_sites: bool = False) -> Snapshot:
        now = time.monotonic()
        busiest = dict(scheduler.tally.sites.most_common(_SITES_SHOWN))
        self._rates.append((now, scheduler.tally.done, busiest))
        while len(self._rates) > 2 and self._rates[0][0] < now - _RATE_OVER_S:
            del self._rates[0]
        (since, before, _), (_, done, _) = self._rates[0], self._rates[-1]
        settings, spider = self._crawler.settings, self._crawler.spider
        report = text(settings, "REPORT", "")
        network = scheduler.network_pause.network
        counts = {name: self._crawler.stats.get_value(name, 0) for name in COUNTERS}
        return Snapshot(
            spider=spider.name if spider is not None else "",
            elapsed_s=now - self._started_at,
            pages_per_s=(done - before) / (now - since) if now > since else 0.0,
            in_flight=len(self._crawler.engine.downloader.active),
            queued=scheduler.totals.pending + scheduler.waiting,
            totals=scheduler.totals,
            tally=scheduler.tally,
            sites=self._sites(scheduler, all_sites=all_sites),
            finished=scheduler.finished,
            generation=scheduler.opened.generation if scheduler.opened else 0,
            places=places(
                scheduler.config.place,
                text(settings, "STORE_URL", ""),
                report=report,
                archive=text(settings, "WARC_DIR", ""),
                replayed=text(settings, "REPLAY_DIR", ""),
                files=files_written(saves_to(settings, spider), counts),
                parquet=parquet_written(text(settings, "PARQUET_URL", ""), counts),
            ),
            items=self._items.tallies(),
            checked=compared(counts) if spider and scheduler.config.reopens(spider) else {},
            paused=network.trouble.value if network.trouble is not None else "",
            pauses=network.outages,
            paused_s=network.away_s,
            logins=counts[LOGINS],
            traps=dict(found_by(spider)),
        )

    def _sites(self, scheduler: Scheduler, *, all_sites: bool) -> list[SiteRow]:
        """Return the rows of the busiest sites, or of all sites, busiest first."""
        done, latencies = scheduler.tally.sites, self._recorder.sites
        if all_sites:
            known = (done.keys() | latencies.keys()) - {OTHER}
            names = sorted(known, key=lambda site: (-done[site], site))
        else:
            names = [site for site, _ in done.most_common(_SITES_SHOWN)]
        view = scheduler.permits.view
        return [
            site_row(site, done[site], self._pages_per_s(site), view(site), latencies.get(site))
            for site in names
        ]

    def _pages_per_s(self, site: str) -> float:
        seen = [(when, sites[site]) for when, _, sites in self._rates if site in sites]
        if len(seen) < 2:
            return 0.0
        (since, before), (now, done) = seen[0], seen[-1]
        return (done - before) / (now - since) if now > since else 0.0
