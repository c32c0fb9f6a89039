"""What advising needs of a kind of workload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from crawlproj.lab.advise.crawls.sample import Sample
    from crawlproj.lab.fetch.loads import Load


class Runs(Protocol):
    """Crawls a workload under one load after the other.

    most_in_flight: over all workers; limited: by what the sites may have.
    most_workers: that can work on it here, whatever the cores.
    """

    most_in_flight: int
    limited: bool
    most_workers: int

    def sample(self, load: Load) -> Sample:
        """Crawl a few pages; raises ConfigError telling why that cannot be."""

    def measure(self, load: Load, cpu_s: float) -> Sample:
        """Crawl more of them. cpu_s: CPU seconds of a page, as known. Raises ConfigError."""

    def sites_per_s(self, sample: Sample, latency_s: float) -> float:
        """Return how many pages the sites give in a second at most; infinite if nobody knows.

        latency_s: the mean of the sample, without what the crawler itself added.
        """

    def snippet(self, load: Load) -> list[str]:
        """Return the lines of settings and the command for a load."""
