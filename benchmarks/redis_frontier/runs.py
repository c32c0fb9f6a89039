"""Runs crawls of several demo sites on one frontier, by one or more workers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from redis import Redis as Client

from benchmarks.cases import IN_FLIGHT
from benchmarks.processes import ROOT, WrongResult, environment, failure, wait
from benchmarks.redis_frontier.proxy import proxy_before
from crawlproj.lab.system.machine import busy_s

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crawlproj.demo import DemoWeb, LogLine
    from tests.servers import Redis

Side = Literal["scrapy-redis", "redis", "sqlite"]


@dataclass(frozen=True, slots=True)
class Run:
    """The figures of a crawl by all its workers.

    pages: requests, without robots.txt. cpu_s: user and system CPU of the workers.
    seconds: from the first request of a page to the last.
    trips: round trips to Redis; 0 for SQLite.
    redis_cpu_s, web_cpu_s, proxy_cpu_s: CPU of the servers and of the proxy.
    others: share of the machine's CPU time used by all other processes.
    """

    pages: int
    cpu_s: float
    seconds: float
    trips: int
    redis_cpu_s: float
    web_cpu_s: float
    proxy_cpu_s: float
    others: float

    @property
    def rate(self) -> float:
        """Pages per second."""
        return self.pages / self.seconds


class Runs:
    """Crawls of all sites of a demo web, each from an empty folder and an empty Redis."""

    def __init__(self, web: DemoWeb, redis: Redis, folder: Path, per_site: int) -> None:
        self._web = web
        self._redis = redis
        self._folder = folder
        self._per_site = per_site
        self._runs = 0

    def run(
        self,
        side: Side,
        *,
        workers: int = 1,
        apart: bool = False,
        delay_s: float = 0.0,
        max_pages: int = 0,
    ) -> Run:
        """Crawl. Raises WrongResult if it fails or does not fetch every page once.

        apart: the workers share nothing; each has its part of the sites and its own files.
        delay_s: delay of each direction to Redis. max_pages: pages after which to stop; 0: all.
        """
        self._runs += 1
        folder = self._folder / f"run{self._runs}"
        with Client.from_url(self._redis.url()) as client:
            client.flushall()
            meter = _Meter(client, self._web)
            log_before = len(self._web.log())
            port = client.connection_pool.connection_kwargs["port"]
            with proxy_before(port, delay_s) as proxy:
                url = f"redis://127.0.0.1:{proxy.port}/0"
                sites = list(self._web.specs)
                commands = []
                for number in range(workers):
                    files = folder / (f"worker{number}" if apart else "all")
                    files.mkdir(parents=True, exist_ok=True)
                    part = sites[number::workers] if apart else sites
                    commands.append(self._command(side, url, part, files, max_pages))
                cpu_s = _together(commands, folder, ours=side != "scrapy-redis")
                trips = proxy.trips if side != "sqlite" else 0
            used = meter.used()
        lines = [line for line in self._web.log()[log_before:] if line.path != "/robots.txt"]
        if not max_pages:
            self._check(side, lines)
        return Run(
            pages=len(lines),
            cpu_s=cpu_s,
            seconds=lines[-1].time - lines[0].time,
            trips=trips,
            redis_cpu_s=used.redis_s,
            web_cpu_s=used.web_s,
            proxy_cpu_s=used.own_s - cpu_s,
            others=used.others,
        )

    def start_up_s(self, side: Side) -> float:
        """Return the CPU seconds of a crawl of one page."""
        return self.run(side, max_pages=1).cpu_s

    def _command(
        self, side: Side, redis: str, sites: Sequence[str], files: Path, max_pages: int
    ) -> list[str]:
        urls = ",".join(f"{self._web.url(site)}/" for site in sites)
        if side == "scrapy-redis":
            settings = {
                "REDIS_URL": redis,
                "STOCK_DATABASE": f"{files}/stock.db",
                "CONCURRENT_REQUESTS": str(IN_FLIGHT),
                "CONCURRENT_REQUESTS_PER_DOMAIN": str(self._per_site),
                "CLOSESPIDER_PAGECOUNT": str(max_pages),
            }
            spider = ["runspider", "benchmarks/redis_frontier/stock.py", "-a", f"urls={urls}"]
        else:
            settings = {
                "FRONTIER_URL": redis if side == "redis" else f"sqlite:///{files}/crawl.db",
                "FRONTIER_JOB": "benchmark",
                "STORE_URL": f"sqlite:///{files}/crawl.db",
                "GUARD_ALLOW": "127.0.0.0/8",
                "CONCURRENT_REQUESTS": str(IN_FLIGHT),
                "CONCURRENCY_MAX_PER_SITE": str(self._per_site),
                "CONCURRENCY_LIMIT": "fixed",
                "MAX_PAGES": str(max_pages),
            }
            spider = ["crawl", "site", "-a", f"url={urls}"]
        options = [word for item in settings.items() for word in ("-s", "=".join(item))]
        return [sys.executable, "-m", "scrapy", *spider, *options]

    def _check(self, side: Side, lines: Sequence[LogLine]) -> None:
        times = Counter(self._web.url(line.site) + line.path for line in lines)
        for site in self._web.specs:
            start = f"{self._web.url(site)}/"
            for url in self._web.expected(site).pages:
                # Scrapy fetches a linked start page twice.
                if not 1 <= times[url] <= 1 + (url == start):
                    raise WrongResult(f"{side} fetched {url} {times[url]} times")


@dataclass(frozen=True, slots=True)
class _Used:
    """CPU seconds. own_s: of this process and its children that have ended. others: see Run."""

    redis_s: float
    web_s: float
    own_s: float
    others: float


class _Meter:
    """Measures the CPU of the servers and of the machine, from its creation to ``used``."""

    def __init__(self, client: Any, web: DemoWeb) -> None:
        self._client = client
        self._web = web
        self._before = self._readings()

    def used(self) -> _Used:
        redis_s, web_s, own_s, all_s, passed_s = (
            now - before for now, before in zip(self._readings(), self._before, strict=True)
        )
        others_s = max(0.0, all_s - redis_s - web_s - own_s)
        return _Used(redis_s, web_s, own_s, others_s / (passed_s * (os.cpu_count() or 1)))

    def _readings(self) -> tuple[float, ...]:
        info = self._client.info("cpu")
        return (
            float(info["used_cpu_user"] + info["used_cpu_sys"]),
            self._web.cpu_s(),
            sum(os.times()[:4]),
            busy_s(),
            time.monotonic(),
        )


def _together(commands: Sequence[Sequence[str]], folder: Path, *, ours: bool) -> float:
    """Run the commands in parallel; return their CPU seconds. If one fails, stop the others."""
    running: list[subprocess.Popen[bytes]] = []
    cpu_s = 0.0
    try:
        for number, command in enumerate(commands):
            with (folder / f"log{number}").open("wb") as log:
                running.append(
                    subprocess.Popen(
                        command,
                        cwd=ROOT,
                        env=environment(ours=ours),
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                    )
                )
        for number, process in enumerate(running):
            usage = wait(process)
            cpu_s += usage.ru_utime + usage.ru_stime
            if process.returncode:
                raise failure(list(commands[number]), process.returncode, folder / f"log{number}")
    finally:
        for process in running:
            if process.returncode is None:
                process.kill()
                process.wait()
    return cpu_s
