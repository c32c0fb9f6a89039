"""In a fleet's worker: reports its status to the supervisor every second."""

from __future__ import annotations

import asyncio
import heapq
import logging
import os
import resource
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.exceptions import NotConfigured

from crawlproj.config import text
from crawlproj.extensions.item_counts import ItemCounts
from crawlproj.fleet.files import status_file
from crawlproj.fleet.worker_status import WorkerStatus
from crawlproj.latency import recorder_of
from crawlproj.latency.recorder import OTHER
from crawlproj.links.found import found_by
from crawlproj.private_files import write_whole
from crawlproj.report.written import COUNTERS
from crawlproj.scheduler import scheduler_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

    from crawlproj.scheduler import Scheduler

__all__ = ["FleetWorker"]

logger = logging.getLogger(__name__)

_EVERY_S = 1.0
_BUSIEST, _MOST_ERRORS = 12, 8  # number of sites in the status, by each criterion
_TRAPS = 100  # of those found
_MB = 1 << 20


def place_of(settings: BaseSettings) -> tuple[Path, str]:
    """Return the fleet's folder and this worker's name. Raises NotConfigured without a fleet."""
    folder, worker = text(settings, "FLEET_DIR", ""), text(settings, "FLEET_WORKER", "")
    if not folder or not worker:
        raise NotConfigured
    return Path(folder), worker


class FleetWorker:
    """Writes the WorkerStatus. On if FLEET_DIR and FLEET_WORKER are set, as by ``scrapy fleet``."""

    def __init__(self, crawler: Crawler) -> None:
        self._file = StatusFile(status_file(*place_of(crawler.settings)))
        self._crawler = crawler
        self._recorder = recorder_of(crawler)
        self._items = ItemCounts(crawler)
        self._beat = 0
        self._task: asyncio.Task[None] | None = None
        crawler.signals.connect(self._opened, signals.spider_opened)
        crawler.signals.connect(self._closed, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> FleetWorker:
        """Build the extension. Raises NotConfigured without a fleet."""
        return cls(crawler)

    def _opened(self) -> None:
        scheduler = scheduler_of(self._crawler)
        if scheduler is not None and scheduler.opened is not None:
            self._write(scheduler)  # before the first page, because the supervisor needs the owner
            self._task = asyncio.ensure_future(self._run(scheduler))

    async def _run(self, scheduler: Scheduler) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            self._write(scheduler)

    def _closed(self, reason: str) -> None:
        scheduler = scheduler_of(self._crawler)
        if self._task is not None and scheduler is not None:
            self._task.cancel()
            self._write(scheduler, ended=reason)

    def _write(self, scheduler: Scheduler, ended: str = "") -> None:
        self._beat += 1
        tally, permits = scheduler.tally, scheduler.permits
        value = self._crawler.stats.get_value
        known = self._recorder.sites
        failing = ((sum(found.errors.values()), site) for site, found in known.items())
        worst = (site for errors, site in heapq.nlargest(_MOST_ERRORS, failing) if errors)
        busiest = (site for site, _ in tally.sites.most_common(_BUSIEST))
        sites = {*busiest, *worst} - {OTHER}
        views = {site: view for site in sites if (view := permits.view(site)) is not None}
        status = WorkerStatus(
            pid=os.getpid(),
            beat=self._beat,
            owner=scheduler.backend.owner,
            done=tally.done,
            requeued=tally.requeued,
            failed=tally.failed,
            skipped=tally.skipped,
            in_flight=len(self._crawler.engine.downloader.active),
            waiting=scheduler.waiting,
            memory_mb=memory_mb(),
            sites={site: tally.sites[site] for site in sites},
            views=views,
            latency=self._recorder.data(sites),
            items=self._items.tallies(),
            counts={name: count for name in COUNTERS if (count := value(name, 0))},
            traps=dict(islice(found_by(self._crawler.spider).items(), _TRAPS)),
            ended=ended,
        )
        self._file.write(status.text())


class StatusFile:
    """The file by which the supervisor knows of a worker. Logs once that it cannot be written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fails = False

    def write(self, text: str) -> None:
        """Replace the file, or leave it as it is."""
        try:
            write_whole(self._path, text)
        except OSError as exc:
            if not self._fails:
                logger.error(
                    "This worker cannot write its status, so its supervisor will take it for hung: "
                    "%s (%s)",
                    self._path,
                    exc.strerror or exc,
                )
            self._fails = True
        else:
            self._fails = False


def memory_mb() -> float:
    """Return the resident memory in MB, or its maximum so far on systems without /proc."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
        return pages * resource.getpagesize() / _MB
    except OSError:
        maximum = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS, else KB
        return maximum / _MB if sys.platform == "darwin" else maximum / 1024
