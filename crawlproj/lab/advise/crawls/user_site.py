"""Crawls of the user's sites, by the commands that a user would type."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import tempfile
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from crawlproj.errors import ConfigError
from crawlproj.fleet.server import find_server
from crawlproj.lab.advise.crawls.probing import extensions_with_probe, probes_write_to
from crawlproj.lab.advise.crawls.sample import Sample, read_sample
from crawlproj.lab.system.subprocesses import failure_reason, running
from crawlproj.scheduling.site_config import ConcurrencyConfig
from crawlproj.spiders.start_urls import start_urls
from crawlproj.urls import site_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy.settings import BaseSettings

    from crawlproj.lab.fetch.loads import Load

_START_S, _SLOWEST_PAGE_S = 60.0, 5.0
_DRAIN_S = 15.0  # SHUTDOWN_GRACE, and the time that a crawl and its fleet take to end


class UserSiteCrawls:
    """Runs of ``scrapy crawl site`` and ``scrapy fleet site``; see Crawls.

    Each run starts with an empty frontier and store, which are deleted afterwards. The settings
    limit the requests in flight for each site.

    url: start URLs, separated by commas. settings: of the project, including the user's ``given``.
    pages: the maximum URLs of a sample, and of a measurement.

    Raises ConfigError.
    """

    limited_by_sites = True

    def __init__(
        self,
        url: str,
        settings: BaseSettings,
        given: Mapping[str, str],
        pages: tuple[int, int],
    ) -> None:
        urls, errors = start_urls(url)
        if not urls:
            raise ConfigError(f"--url: {'; '.join(errors) or 'it is empty'}")
        self._sites = sorted(set(map(site_of, urls)))
        self._url, self._settings, self._given, self._pages = url, settings, given, pages
        self._config = ConcurrencyConfig.from_settings(settings)
        self.max_in_flight = sum(self._max_in_flight(site) for site in self._sites)
        self.max_workers = len(self._sites)
        try:
            find_server()
        except ConfigError:
            self.max_workers = 1

    def sample(self, load: Load) -> Sample:
        """Crawl a few pages."""
        return self._run(load, self._pages[0])

    def measure(self, load: Load, cpu_s: float) -> Sample:  # noqa: ARG002 - see Crawls
        """Crawl more pages, from the start."""
        return self._run(load, self._pages[1])

    def sites_per_s(self, sample: Sample, latency_s: float) -> float:
        """Return the sum over the sites, by their limits in flight, rates and delays."""
        mean_s = sample.latency.sum / sample.latency.count
        total = 0.0
        for site in self._sites:
            seconds = sample.latencies.get(site, mean_s) * latency_s / mean_s
            total += min(
                self._max_in_flight(site) / seconds, sample.rates.get(site, inf), self._rate(site)
            )
        return total

    def snippet(self, load: Load) -> list[str]:
        """Return the settings and the command for this crawl."""
        each = load.in_flight // load.workers
        command = "crawl site" if load.workers == 1 else f"fleet site -n {load.workers}"
        maximum = max(self._max_in_flight(site) for site in self._sites)
        return [
            f"CONCURRENT_REQUESTS = {each}  # per worker",
            f"CONCURRENCY_MAX_PER_SITE = {maximum}  # as it is; raise it if the owner agrees",
            f"# scrapy {command} -s CONCURRENT_REQUESTS={each} -a url={self._url}",
        ]

    def _max_in_flight(self, site: str) -> int:
        config = self._config.of(site)
        return 1 if config.delay_s else int(config.max)

    def _rate(self, site: str) -> float:
        config = self._config.of(site)
        return min(config.rate, 1 / config.delay_s if config.delay_s else inf)

    def _run(self, load: Load, pages: int) -> Sample:
        with (
            tempfile.TemporaryDirectory(prefix="crawlproj-lab-") as folder,
            probes_write_to(folder),
        ):
            log = Path(folder, "log")
            self._crawl(self._command(load, pages, folder), log, _START_S + _SLOWEST_PAGE_S * pages)
            sample = read_sample(Path(folder))
            if sample is None:
                raise ConfigError(f"--url {self._url}: {_reason(log)}")
        return sample

    def _command(self, load: Load, pages: int, folder: str) -> list[str]:
        fleet = load.workers > 1
        own = {
            "FRONTIER_URL": "" if fleet else f"sqlite:///{folder}/crawl.db",
            "REDIS_URL": "",
            "FLEET_DIR": f"{folder}/fleet" if fleet else "",
            "STORE_URL": f"sqlite:///{folder}/crawl.db",
            "CONCURRENT_REQUESTS": str(load.in_flight // load.workers),
            "EXTENSIONS": extensions_with_probe(self._settings),
            "PROGRESS_ENABLED": "0",
            "REPORT": "",
            "METRICS_PORT": "0",
            "LOG_LEVEL": "WARNING",
            "LOG_FILE": "",
            "LOG_FORMAT": "%(message)s",
        }
        words = [sys.executable, "-m", "scrapy", "fleet" if fleet else "crawl", "site"]
        words += ["-n", str(load.workers)] if fleet else []
        words += ["-a", f"url={self._url}", "-a", f"max_pages={pages}"]
        for name, value in {**self._given, **own}.items():
            words += ["-s", f"{name}={value}"]
        return words

    def _crawl(self, command: list[str], log: Path, seconds: float) -> None:
        """Run the command until it ends or the time is up; the pages fetched until then count."""
        with log.open("wb") as file, running(command, stdout=file, stderr=file) as process:
            try:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(seconds)
            finally:  # gracefully, if it ends in time
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_DRAIN_S)
        if process.returncode not in {0, -signal.SIGTERM}:
            raise ConfigError(f"--url {self._url}: {_reason(log)}")


def _reason(log: Path) -> str:
    return failure_reason(log.read_text("utf-8", "replace"), "the crawl found too few pages")
