"""Crawls of sites of the user's, by the commands that a user would type."""

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
from crawlproj.lab.advise.crawls.probing import extensions, probing
from crawlproj.lab.advise.crawls.sample import Sample, sample_of
from crawlproj.lab.system.subprocesses import started
from crawlproj.links.normalize import site_of
from crawlproj.scheduling.site_config import ConcurrencyConfig
from crawlproj.spiders.site import SiteSpider

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy.settings import BaseSettings

    from crawlproj.lab.fetch.loads import Load

_START_S, _SLOWEST_PAGE_S = 60.0, 5.0
_DRAIN_S = 15.0  # SHUTDOWN_GRACE, and what a crawl and its fleet take to end


class UserRuns:
    """Runs of ``scrapy crawl site`` and ``scrapy fleet site``; see Runs.

    Each begins anew, in a frontier and a store of its own that are gone afterwards. What a site
    may have in flight is what the settings say, never more.

    url: start URLs, separated by commas. settings: of the project with the user's ``given`` in it.
    pages: URLs that a sample and a measurement take.

    Raises ConfigError.
    """

    limited = True

    def __init__(
        self,
        url: str,
        settings: BaseSettings,
        given: Mapping[str, str],
        pages: tuple[int, int],
    ) -> None:
        try:
            self._sites = sorted({site_of(seed) for seed in SiteSpider(url).seeds})
        except ConfigError as exc:
            raise ConfigError(f"--url: {exc}") from None
        self._url, self._settings, self._given, self._pages = url, settings, given, pages
        self._config = ConcurrencyConfig.from_settings(settings)
        self.most_in_flight = sum(self._most(site) for site in self._sites)
        self.most_workers = len(self._sites)
        try:
            find_server()
        except ConfigError:
            self.most_workers = 1

    def sample(self, load: Load) -> Sample:
        """Crawl a few pages."""
        return self._run(load, self._pages[0])

    def measure(self, load: Load, cpu_s: float) -> Sample:  # noqa: ARG002 - see Runs
        """Crawl more pages, from the start."""
        return self._run(load, self._pages[1])

    def sites_per_s(self, sample: Sample, latency_s: float) -> float:
        """Return what the sites give with what they may have in flight, and by their rates."""
        mean_s = sample.latency.sum / sample.latency.count
        total = 0.0
        for site in self._sites:
            seconds = sample.latencies.get(site, mean_s) * latency_s / mean_s
            total += min(self._most(site) / seconds, sample.rates.get(site, inf), self._rate(site))
        return total

    def snippet(self, load: Load) -> list[str]:
        """Return what this crawl would be given."""
        each = load.in_flight // load.workers
        command = "crawl site" if load.workers == 1 else f"fleet site -n {load.workers}"
        most = max(self._most(site) for site in self._sites)
        return [
            f"CONCURRENT_REQUESTS = {each}  # of each worker",
            f"CONCURRENCY_MAX_PER_SITE = {most}  # as it is; more where the site's owner says so",
            f"# scrapy {command} -s CONCURRENT_REQUESTS={each} -a url={self._url}",
        ]

    def _most(self, site: str) -> int:
        config = self._config.of(site)
        return 1 if config.delay_s else int(config.most)

    def _rate(self, site: str) -> float:
        config = self._config.of(site)
        return min(config.rate, 1 / config.delay_s if config.delay_s else inf)

    def _run(self, load: Load, pages: int) -> Sample:
        with tempfile.TemporaryDirectory(prefix="crawlproj-lab-") as folder, probing(folder):
            log = Path(folder, "log")
            self._crawl(self._command(load, pages, folder), log, _START_S + _SLOWEST_PAGE_S * pages)
            found = sample_of(Path(folder))
            if found is None:
                raise ConfigError(f"--url {self._url}: {_why(log)}")
        return found

    def _command(self, load: Load, pages: int, folder: str) -> list[str]:
        fleet = load.workers > 1
        own = {
            "FRONTIER_URL": "" if fleet else f"sqlite:///{folder}/crawl.db",
            "REDIS_URL": "",
            "FLEET_DIR": f"{folder}/fleet" if fleet else "",
            "STORE_URL": f"sqlite:///{folder}/crawl.db",
            "CONCURRENT_REQUESTS": str(load.in_flight // load.workers),
            "EXTENSIONS": extensions(self._settings),
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
        """Run it to its end, or to that of the time; what it has fetched until then counts."""
        with log.open("wb") as file, started(command, stdout=file, stderr=file) as process:
            try:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(seconds)
            finally:  # in order, if it does so in time
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_DRAIN_S)
        if process.returncode not in {0, -signal.SIGTERM}:
            raise ConfigError(f"--url {self._url}: {_why(log)}")


def _why(log: Path) -> str:
    """Return the last thing that was said."""
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines()]
    said = [line for line in lines if line and not line.startswith(("Traceback", "File "))]
    return said[-1][:300] if said else "it led to too few pages to tell anything"
