"""Publishes a snapshot of the crawl in its frontier every second, for those who watch it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from dataclasses import dataclass, replace
from heapq import nlargest
from itertools import islice
from math import isfinite
from typing import TYPE_CHECKING

from scrapy import signals

from crawlproj.cancelling import end
from crawlproj.clock import crawl_time
from crawlproj.errors import FrontierError
from crawlproj.extensions.fleet import memory_mb
from crawlproj.latency import recorder_of
from crawlproj.latency.recorder import OTHER
from crawlproj.limits.facts import facts_of
from crawlproj.report.live import MAX_SITES, WAITING_SITES, Live, LiveSite, LiveTick
from crawlproj.report.why import Around, why, why_paused
from crawlproj.scheduler import scheduler_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy.crawler import Crawler

    from crawlproj.latency.histogram import Histogram
    from crawlproj.limits.view import SiteView
    from crawlproj.scheduler import Scheduler

__all__ = ["LivePublisher"]

logger = logging.getLogger(__name__)

_EVERY_S = 1.0
_OVER_S = 10.0  # rates and latencies are of the last seconds
_CANDIDATES = 100  # sites that are looked at, by each criterion, to choose those that are shown
_SLOWLY = 5  # every so many seconds: what takes long to compute, such as
_FEW = 500  # sites: the busiest of more of them
_MAX_ERRORS = 8


@dataclass(frozen=True, slots=True)
class _Moment:
    """The counts up to a moment (monotonic seconds)."""

    at: float
    done: int
    sites: dict[str, int]
    ttfb: Histogram
    errors: Counter[str]
    cpu_s: float


class LivePublisher:
    """Pages cost nothing: a snapshot is read from what other parts count anyway."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._recorder = recorder_of(crawler)
        self._task: asyncio.Task[None] | None = None
        self._began = time.time()
        self._moments: deque[_Moment] = deque()
        self._busiest: list[str] = []
        self._resting: list[str] = []  # those with work whose rests last longest
        self._quantiles: dict[str, tuple[float, float]] = {}
        self._beat = 0
        self._lag_s = self._limit = 0.0
        crawler.signals.connect(self._opened, signals.spider_opened)
        crawler.signals.connect(self._closed, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> LivePublisher:
        """Build the extension."""
        return cls(crawler)

    def _opened(self) -> None:
        scheduler = scheduler_of(self._crawler)
        if scheduler is not None and scheduler.opened is not None and not scheduler.opened.finished:
            self._task = asyncio.ensure_future(self._run(scheduler))

    async def _closed(self) -> None:
        if self._task is not None:
            await end(self._task)

    async def _run(self, scheduler: Scheduler) -> None:
        failures = 0
        while True:
            due = time.monotonic() + _EVERY_S
            try:
                live, tick = self.look(scheduler)
                await scheduler.steering.publish(live.text(), tick.text())
            except FrontierError as exc:
                failures += 1
                # A full disk, which ends the crawl, fails once here and is reported anyway.
                if failures == 2:
                    logger.error(
                        "Nobody can watch this crawl: %s",
                        exc,
                        extra={"spider": self._crawler.spider},
                    )
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self._lag_s = max(0.0, time.monotonic() - due)

    def look(self, scheduler: Scheduler) -> tuple[Live, LiveTick]:
        """Return the snapshot and the tick of this moment."""
        at, now = time.time(), self._count(scheduler)
        first, last = self._moments[0], self._moments[-2 if len(self._moments) > 1 else -1]
        second_s = max(now.at - last.at, 1e-3)
        busy = scheduler.permits.busy_views()
        latency = now.ttfb.since(first.ttfb)
        totals, paused_by = scheduler.totals, scheduler.steering.standing.paused_by("")
        everything = paused_by is not None and scheduler.permits.paused.everything
        live = Live(
            workers=(scheduler.steering.name,),
            at=round(at, 2),
            began=round(self._began, 2),
            job=scheduler.job,
            spider=self._crawler.spider.name if self._crawler.spider else "",
            generation=scheduler.opened.generation if scheduler.opened else 0,
            held=why_paused(paused_by).sentence(at) if everything and paused_by else "",
            pages_per_s=round((now.done - first.done) / max(now.at - first.at, 1e-3), 2),
            in_flight=len(self._crawler.engine.downloader.active),
            budget=scheduler.config.in_flight,
            queued=totals.pending + scheduler.waiting,
            pending=totals.pending,
            leased=totals.leased,
            done=totals.done,
            failed=totals.failed,
            skipped=totals.skipped,
            errors=dict(now.errors),
            cpu=round((now.cpu_s - last.cpu_s) / second_s, 3),
            memory_mb=round(memory_mb(), 1),
            latency=latency.data(),
            sites_known=len(scheduler.tally.sites),
        )
        live = replace(live, sites=self._sites(scheduler, live, busy, now, first))
        if busy:  # between two requests, the limits are what they were
            self._limit = round(sum(view.limit for view in busy.values()), 1)
        errors = (now.errors - last.errors).most_common(_MAX_ERRORS)
        tick = LiveTick(
            at,
            done=round((now.done - last.done) / second_s, 2),
            in_flight=live.in_flight,
            limit=self._limit,
            queued=live.queued,
            p50_s=round(latency.quantile(0.5), 4),
            p99_s=round(latency.quantile(0.99), 4),
            cpu=live.cpu,
            errors={reason: round(count / second_s, 2) for reason, count in errors},
        )
        return live, tick

    def _count(self, scheduler: Scheduler) -> _Moment:
        """Remember this moment, and forget those that are too old."""
        self._choose(scheduler)
        tally = scheduler.tally
        now = _Moment(
            time.monotonic(),
            tally.done,
            {site: tally.sites[site] for site in self._busiest},
            self._recorder.ttfb,
            self._recorder.errors.copy(),
            time.process_time(),
        )
        self._moments.append(now)
        while len(self._moments) > 2 and self._moments[0].at < now.at - _OVER_S:
            self._moments.popleft()
        return now

    def _choose(self, scheduler: Scheduler) -> None:
        """Choose the sites to look at, and compute their latencies: anew every few seconds only."""
        sites, anew = scheduler.tally.sites, self._beat % _SLOWLY == 0
        self._beat += 1
        if anew or len(sites) <= _FEW:
            busiest = sites.most_common(_CANDIDATES)
            self._busiest = [site for site, _ in busiest if site != OTHER]
        if anew:
            self._quantiles.clear()
            resting, waiting_at = scheduler.permits.resting(), scheduler.steering.waiting_at
            with_work = (site for site in resting if waiting_at(site))
            self._resting = nlargest(WAITING_SITES, with_work, key=lambda site: resting[site])
        for site in self._busiest[:MAX_SITES]:
            found = self._recorder.sites.get(site)
            if site not in self._quantiles and found is not None and found.ttfb.count:
                self._quantiles[site] = found.ttfb.quantile(0.5), found.ttfb.quantile(0.99)

    def _sites(
        self,
        scheduler: Scheduler,
        live: Live,
        busy: Mapping[str, SiteView],
        now: _Moment,
        first: _Moment,
    ) -> tuple[LiveSite, ...]:
        """Return the most interesting sites, with what binds each."""
        permits, tally = scheduler.permits, scheduler.tally.sites
        paused = permits.paused.rests(crawl_time())
        span_s = max(now.at - first.at, 1e-3)

        def pages_per_s(site: str) -> float:
            done = now.sites.get(site, 0)
            return (done - first.sites.get(site, done)) / span_s

        def interest_of(site: str) -> tuple[object, ...]:
            in_flight = busy[site].in_flight if site in busy else 0
            return (-in_flight, site not in paused, -pages_per_s(site), -tally.get(site, 0), site)

        known = dict.fromkeys((*busy, *islice(paused, _CANDIDATES), *self._busiest))
        shown = dict.fromkeys((*self._resting, *sorted(known, key=interest_of)))
        return tuple(
            self._site(scheduler, site, live, pages_per_s(site))
            for site in sorted(islice(shown, MAX_SITES), key=interest_of)
        )

    def _site(self, scheduler: Scheduler, site: str, live: Live, pages_per_s: float) -> LiveSite:
        permits, steering = scheduler.permits, scheduler.steering
        control, latency = permits.control_of(site), self._recorder.sites.get(site)
        facts = facts_of(control) if control is not None else None
        p50_s, p99_s = self._quantiles.get(site, (None, None))
        around = Around(
            given_up=steering.given_up(site),
            paused_by=steering.standing.paused_by(site) if site in permits.paused else None,
            logging_in=steering.awaits_login(site),
            wishes=steering.standing.wishes(site),
            crawl_delay_s=steering.crawl_delay_s(site),
            waiting=steering.waiting_at(site),
            busy=live.in_flight,
            budget=live.budget,
            cpu=live.cpu,
            lag_s=self._lag_s,
        )
        return LiveSite(
            site,
            in_flight=facts.in_flight if facts is not None else 0,
            limit=round(facts.limit, 2) if facts is not None else None,
            rate=round(facts.rate, 3) if facts is not None and isfinite(facts.rate) else None,
            pages_per_s=round(pages_per_s, 2),
            done=scheduler.tally.sites.get(site, 0),
            errors=latency.errors.total() if latency is not None else 0,
            waiting=around.waiting,
            p50_s=p50_s and round(p50_s, 4),
            p99_s=p99_s and round(p99_s, 4),
            why=why(facts, around, crawl_time()),
        )
