"""The contract of crawls of a workload, which ``advisor.py`` needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from crawlproj.lab.advise.crawls.sample import Sample
    from crawlproj.lab.fetch.loads import Load


class Crawls(Protocol):
    """Crawls a workload under one load after another.

    max_in_flight: over all workers. limited_by_sites: whether that is the sites' limit.
    max_workers: how many can share the workload, however many cores there are.
    """

    max_in_flight: int
    limited_by_sites: bool
    max_workers: int

    def sample(self, load: Load) -> Sample:
        """Crawl a few pages; raises ConfigError, which says why that failed."""

    def measure(self, load: Load, cpu_s: float) -> Sample:
        """Crawl more pages. cpu_s: expected CPU seconds of a page. Raises ConfigError."""

    def sites_per_s(self, sample: Sample, latency_s: float) -> float:
        """Return the maximum pages/s of the sites; infinite if it is not known.

        latency_s: the mean of the sample, without the waits for the crawler itself.
        """

    def snippet(self, load: Load) -> list[str]:
        """Return the lines of settings and the command for a load."""
