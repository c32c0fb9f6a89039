"""Runs crawls of several demo sites on one frontier, by one worker or several."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from redis import Redis as Client

from benchmarks.cases import IN_FLIGHT
from benchmarks.processes import ROOT, WrongResult, environment, failure, wait
from benchmarks.redis_frontier.proxy import proxy_before

if TYPE_CHECKING:
    from pathlib import Path

    from crawlproj.demo import DemoWeb, LogLine
    from tests.servers import Redis

Side = Literal["scrapy-redis", "redis", "sqlite"]


@dataclass(frozen=True, slots=True)
class Run:
    """A crawl, of as many workers as there were.

    cpu_s: of the workers, user and system. seconds: from the first page's request to the last.
    trips: to Redis, 0 for SQLite. redis_cpu_s, web_cpu_s: of the servers meanwhile.
    """

    pages: int
    cpu_s: float
    seconds: float
    trips: int
    redis_cpu_s: float
    web_cpu_s: float

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

    def run(self, side: Side, *, workers: int = 1, delay_s: float = 0.0, most: int = 0) -> Run:
        """Crawl; raises WrongResult if it fails or fetches other pages than there are.

        delay_s: each direction's, before Redis. most: pages after which to stop; 0: all.
        """
        self._runs += 1
        folder = self._folder / f"run{self._runs}"
        folder.mkdir()
        with Client.from_url(self._redis.url()) as client:
            client.flushall()
            before = client.info("cpu")
        log_before, web_before = len(self._web.log()), self._web.cpu_s()
        port = int(self._redis.url().split(":")[2].split("/")[0])
        with proxy_before(port, delay_s) as proxy:
            commands = [
                self._command(side, f"redis://127.0.0.1:{proxy.port}/0", folder, number, most)
                for number in range(workers)
            ]
            cpu_s = self._together(commands, side, folder)
            trips = proxy.trips
        with Client.from_url(self._redis.url()) as client:
            after = client.info("cpu")
        web_cpu_s = self._web.cpu_s() - web_before
        lines = [line for line in self._web.log()[log_before:] if line.path != "/robots.txt"]
        if not most:
            self._check(side, lines)
        names = ("used_cpu_user", "used_cpu_sys")
        return Run(
            len(lines),
            cpu_s,
            lines[-1].time - lines[0].time,
            trips if side != "sqlite" else 0,
            sum(after[name] - before[name] for name in names),
            web_cpu_s,
        )

    def start_up_s(self, side: Side) -> float:
        """Return the CPU seconds of a crawl of one page."""
        return self.run(side, most=1).cpu_s

    def _together(self, commands: list[list[str]], side: Side, folder: Path) -> float:
        processes = []
        for number, command in enumerate(commands):
            with (folder / f"log{number}").open("wb") as log:
                processes.append(
                    subprocess.Popen(
                        command,
                        cwd=ROOT,
                        env=environment(ours=side != "scrapy-redis"),
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                    )
                )
        usages = [wait(process) for process in processes]
        for number, process in enumerate(processes):
            if process.returncode:
                raise failure(commands[number], process.returncode, folder / f"log{number}")
        return sum(usage.ru_utime + usage.ru_stime for usage in usages)

    def _command(self, side: Side, redis: str, folder: Path, number: int, most: int) -> list[str]:
        urls = ",".join(f"{self._web.url(site)}/" for site in self._web.specs)
        if side == "scrapy-redis":
            settings = {
                "REDIS_URL": redis,
                "STOCK_DATABASE": f"{folder}/stock{number}.db",
                "CONCURRENT_REQUESTS": str(IN_FLIGHT),
                "CONCURRENT_REQUESTS_PER_DOMAIN": str(self._per_site),
                "CLOSESPIDER_PAGECOUNT": str(most),
            }
            spider = ["runspider", "benchmarks/redis_frontier/stock.py", "-a", f"urls={urls}"]
        else:
            settings = {
                "FRONTIER_URL": redis if side == "redis" else f"sqlite:///{folder}/crawl.db",
                "FRONTIER_JOB": "benchmark",
                "STORE_URL": f"sqlite:///{folder}/crawl.db",
                "GUARD_ALLOW": "127.0.0.0/8",
                "CONCURRENT_REQUESTS": str(IN_FLIGHT),
                "CONCURRENCY_MAX_PER_SITE": str(self._per_site),
                "CONCURRENCY_LIMIT": "fixed",
                "MAX_PAGES": str(most),
            }
            spider = ["crawl", "site", "-a", f"url={urls}"]
        options = [word for item in settings.items() for word in ("-s", "=".join(item))]
        return [sys.executable, "-m", "scrapy", *spider, *options]

    def _check(self, side: Side, lines: list[LogLine]) -> None:
        fetched = {self._web.url(line.site) + line.path for line in lines}
        for site in self._web.specs:
            pages = self._web.expected(site).pages
            if missing := pages - fetched:
                raise WrongResult(f"{side} did not fetch {len(missing)} pages of {site}")
