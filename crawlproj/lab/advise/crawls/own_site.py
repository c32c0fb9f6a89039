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
from crawlproj.lab.advise.crawls.probing import extensions_with_probe, probes_write_to
from crawlproj.lab.advise.crawls.sample import Sample, read_sample
from crawlproj.lab.fetch.loads import page_count
from crawlproj.lab.fetch.models.table import MODELS
from crawlproj.lab.fetch.run import RunFailed, run_model
from crawlproj.lab.system.machine import usable_cores

if TYPE_CHECKING:
    from crawlproj.lab.fetch.loads import Load
    from crawlproj.lab.fetch.site.targets import LabTarget

_EXTENSIONS = "CRAWLPROJ_EXTENSIONS"  # where crawlproj/settings.py reads it
_SAMPLE_S, _MEASURED_S = 1.5, 4.0
_MIN_REUSE = 4
_MIN_WAVES = 16  # times in flight: in a short run, pages that start at once end at once


class LabSiteCrawls:
    """Runs of the model ``crawlproj`` or, with several workers, ``fleet``; see Crawls.

    latency_s: the site's mean. parse_ms: of a page. max_in_flight: over all workers.
    """

    limited_by_sites = False

    def __init__(
        self, target: LabTarget, latency_s: float, parse_ms: float, max_in_flight: int
    ) -> None:
        self.max_in_flight = max_in_flight
        self.max_workers = 1 if MODELS["fleet"].missing() else target.sites
        self._target, self._latency_s, self._parse_ms = target, latency_s, parse_ms

    def sample(self, load: Load) -> Sample:
        """Crawl for some 1.5 seconds."""
        return self._run(load, self._pages(load, _SAMPLE_S, None))

    def measure(self, load: Load, cpu_s: float) -> Sample:
        """Crawl for some 4 seconds."""
        pages = self._pages(load, _MEASURED_S, cpu_s)
        return self._run(load, max(pages, _MIN_WAVES * load.in_flight))

    def sites_per_s(self, sample: Sample, latency_s: float) -> float:  # noqa: ARG002 - see Crawls
        """Return infinity: only CPU limits the lab's site, and that is part of the costs."""
        return inf

    def snippet(self, load: Load) -> list[str]:
        """Return the settings for a crawl with such latencies and such parsing."""
        each = load.in_flight // load.workers
        command = "crawl SPIDER" if load.workers == 1 else f"fleet SPIDER -n {load.workers}"
        return [
            f"CONCURRENT_REQUESTS = {each}  # per worker",
            "CONCURRENCY_MAX_PER_SITE = 8  # raise it if a site's owner agrees",
            f"# scrapy {command} -s CONCURRENT_REQUESTS={each}",
        ]

    def _pages(self, load: Load, seconds: float, cpu_s: float | None) -> int:
        load = replace(load, parse_ms=self._parse_ms)
        return page_count(load, self._latency_s, seconds, usable_cores(), _MIN_REUSE, cpu_s)

    def _run(self, load: Load, pages: int) -> Sample:
        load = replace(load, parse_ms=self._parse_ms)
        model = MODELS["crawlproj" if load.workers == 1 else "fleet"]
        with (
            tempfile.TemporaryDirectory(prefix="crawlproj-lab-") as folder,
            probes_write_to(folder),
        ):
            os.environ[_EXTENSIONS] = extensions_with_probe(get_project_settings())
            try:
                run_model(model, load, pages, self._target)
            except RunFailed as exc:
                raise ConfigError(f"{model.title} failed: {exc}") from None
            finally:
                del os.environ[_EXTENSIONS]
            sample = read_sample(Path(folder), self._target.counts().cpu_s)
        if sample is None:
            raise ConfigError(f"{pages} pages are too few for a prediction: raise --in-flight")
        return sample
