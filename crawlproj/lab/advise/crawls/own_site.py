"""Crawls of the lab's own site."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.utils.project import get_project_settings

from crawlproj.errors import ConfigError
from crawlproj.lab.advise.crawls.probing import extensions, probing
from crawlproj.lab.advise.crawls.sample import Sample, sample_of
from crawlproj.lab.fetch.loads import pages_for
from crawlproj.lab.fetch.models.table import MODELS
from crawlproj.lab.fetch.run import RunBroke, measure
from crawlproj.lab.system.machine import usable_cores

if TYPE_CHECKING:
    from crawlproj.lab.fetch.loads import Load
    from crawlproj.lab.fetch.site.targets import OwnSite

_EXTENSIONS = "CRAWLPROJ_EXTENSIONS"  # where crawlproj/settings.py reads it
_SAMPLE_S, _MEASURED_S = 1.5, 4.0
_TURNS = 4
_WAVES = 16  # in a measurement: what begins at once may be done at once


class OwnRuns:
    """Runs of the models ``crawlproj`` and, for more than one worker, ``fleet``; see Runs.

    latency_s: the site's mean. parse_ms: of a page. in_flight: the most that it is to bear.
    """

    limited = False

    def __init__(self, site: OwnSite, latency_s: float, parse_ms: float, in_flight: int) -> None:
        self.most_in_flight = in_flight
        self.most_workers = 1 if MODELS["fleet"].missing() else site.sites
        self._site, self._latency_s, self._parse_ms = site, latency_s, parse_ms

    def sample(self, load: Load) -> Sample:
        """Crawl for some 1.5 seconds."""
        return self._run(load, self._pages(load, _SAMPLE_S, None))

    def measure(self, load: Load, cpu_s: float) -> Sample:
        """Crawl for some 4 seconds."""
        pages = self._pages(load, _MEASURED_S, cpu_s)
        return self._run(load, max(pages, _WAVES * load.in_flight))

    def sites_per_s(self, sample: Sample, latency_s: float) -> float:  # noqa: ARG002 - see Runs
        """It has no limit but its process, whose CPU is in the costs."""
        return inf

    def snippet(self, load: Load) -> list[str]:
        """Return what a job that waits and parses as much would be given."""
        each = load.in_flight // load.workers
        command = "crawl SPIDER" if load.workers == 1 else f"fleet SPIDER -n {load.workers}"
        return [
            f"CONCURRENT_REQUESTS = {each}  # of each worker",
            "CONCURRENCY_MAX_PER_SITE = 8  # more where a site's owner says so",
            f"# scrapy {command} -s CONCURRENT_REQUESTS={each}",
        ]

    def _pages(self, load: Load, seconds: float, cpu_s: float | None) -> int:
        load = replace(load, parse_ms=self._parse_ms)
        return pages_for(load, self._latency_s, seconds, usable_cores(), _TURNS, cpu_s)

    def _run(self, load: Load, pages: int) -> Sample:
        load = replace(load, parse_ms=self._parse_ms)
        model = MODELS["crawlproj" if load.workers == 1 else "fleet"]
        with tempfile.TemporaryDirectory(prefix="crawlproj-lab-") as folder, probing(folder):
            os.environ[_EXTENSIONS] = extensions(get_project_settings())
            try:
                measure(model, load, pages, self._site)
            except RunBroke as exc:
                raise ConfigError(f"{model.title} did not get through: {exc}") from None
            finally:
                del os.environ[_EXTENSIONS]
            found = sample_of(Path(folder), self._site.account().cpu_s)
        if found is None:
            raise ConfigError(f"{pages} pages are too few to tell anything; raise --in-flight")
        return found
