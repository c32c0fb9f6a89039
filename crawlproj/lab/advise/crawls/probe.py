"""A Scrapy extension that ``scrapy lab advise`` installs in the crawls it measures.

It notes every 20 ms how many URLs are done and how much CPU was used, and writes the notes to a
folder when the crawl ends. So the figures can leave out the start and the end of the crawl.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from redis import Redis, RedisError
from scrapy import signals
from scrapy.exceptions import NotConfigured

from crawlproj.frontier.redis.connection import REDIS_SCHEMES
from crawlproj.latency import recorder_of
from crawlproj.scheduler import scheduler_of
from crawlproj.signals import robots_parsed

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawlproj.scheduler import Scheduler

FOLDER = "LAB_ADVISE_FOLDER"
"""The environment variable that names the folder; workers of a fleet inherit it."""

SUFFIX = ".probe"
_TICK_S = 0.02


class Probe:
    """Writes ``PID.probe``, JSON::

        ticks    [[seconds (monotonic), URLs done, CPU s of the process], …], 20 ms apart
        latency  LatencyRecorder.data()
        limits   {site: its limit of requests in flight, as learned}
        rates    {site: its limit of requests/s}, of sites that have one
        redis_s  CPU seconds of the frontier's Redis during the crawl; 0 without Redis
    """  # fmt: skip

    def __init__(self, crawler: Crawler) -> None:
        folder = os.environ.get(FOLDER)
        if not folder:
            raise NotConfigured
        self._folder = Path(folder)
        self._crawler = crawler
        self._recorder = recorder_of(crawler)
        self._ticks: list[tuple[float, int, float]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._delays: dict[str, float] = {}
        self._redis_s = 0.0
        crawler.signals.connect(self._opened, signals.spider_opened)
        crawler.signals.connect(self._robots, robots_parsed)
        crawler.signals.connect(self._closed, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Probe:
        """Build the extension. Raises NotConfigured unless the environment names a folder."""
        return cls(crawler)

    def _opened(self) -> None:
        scheduler = scheduler_of(self._crawler)
        if scheduler is not None:
            self._redis_s = self._redis_cpu_s()
            self._tick(scheduler)

    def _tick(self, scheduler: Scheduler) -> None:
        self._note(scheduler)
        self._timer = asyncio.get_running_loop().call_later(_TICK_S, self._tick, scheduler)

    def _note(self, scheduler: Scheduler) -> None:
        self._ticks.append((time.monotonic(), scheduler.tally.done, time.process_time()))

    def _robots(self, site: str, crawl_delay_s: float | None) -> None:
        if crawl_delay_s:
            self._delays[site] = crawl_delay_s

    def _closed(self) -> None:
        scheduler = scheduler_of(self._crawler)
        if self._timer is None or scheduler is None:
            return
        self._timer.cancel()
        self._note(scheduler)  # because a busy loop may have delayed the last tick
        views = {site: scheduler.permits.view(site) for site in self._recorder.sites}
        rates = {site: 1 / delay_s for site, delay_s in self._delays.items()}
        rates |= {
            site: view.rate for site, view in views.items() if view and view.state == "limited"
        }
        notes: dict[str, Any] = {
            "ticks": self._ticks,
            "latency": self._recorder.data(),
            "limits": {site: view.limit for site, view in views.items() if view},
            "rates": rates,
            "redis_s": self._redis_cpu_s() - self._redis_s,
        }
        name = f"{os.getpid()}{SUFFIX}"
        unfinished = self._folder / f".{name}"
        unfinished.write_text(json.dumps(notes))
        unfinished.replace(self._folder / name)

    def _redis_cpu_s(self) -> float:
        """Return the CPU seconds that the frontier's Redis has used; 0 if they are not known."""
        scheduler = scheduler_of(self._crawler)
        url = scheduler.config.frontier_url if scheduler is not None else ""
        if url.partition(":")[0].lower() not in REDIS_SCHEMES:
            return 0.0
        try:
            with Redis.from_url(url) as client:
                used = client.info("cpu")
        except RedisError:
            return 0.0
        return float(used["used_cpu_user"]) + float(used["used_cpu_sys"])
