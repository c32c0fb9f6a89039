"""How far ahead of need a crawl works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawlproj.scheduling.crawl_config import CrawlConfig
    from crawlproj.scheduling.site_config import ConcurrencyConfig


@dataclass(frozen=True, slots=True)
class BufferConfig:
    """Bounds of the buffer, and the rhythm of its rounds.

    ready: leases to have that could start at once.
    per_site: max leases of one site, in the buffer or handed out.
    max_leases: max leases in the buffer, startable or not.
    outbox: entries waiting to be written at which producers are asked to wait.
    max_pending: entries pending in the frontier at which producers of seeds are asked to wait.
    lease_s: how long a lease lasts; it is renewed three times as often.
    batch_s: how long a round lets work gather before it writes; less if ``batch`` acks wait.
    poll_s: how often a worker with nothing to do looks for what others put into a shared frontier;
        a quarter as often while it has something.
    notes_s: how often what was learned about sites is written down.
    """

    ready: int = 128
    per_site: int = 32
    max_leases: int = 2048
    outbox: int = 2000
    max_pending: int = 100_000
    lease_s: float = 30.0
    batch_s: float = 0.05
    batch: int = 32
    poll_s: float = 0.25
    notes_s: float = 15.0

    @classmethod
    def of_crawl(
        cls, config: CrawlConfig, concurrency: ConcurrencyConfig, *, shared: bool
    ) -> BufferConfig:
        """Return what suits the crawl; shared: other processes work on the frontier."""
        return cls(
            ready=2 * config.in_flight,
            per_site=max(32, 2 * int(concurrency.default.max)),
            max_leases=32 * config.in_flight,
            max_pending=config.seeds_pending,
            lease_s=config.lease_s,
            # A round takes a network's time there; on a file, a transaction and a thread's turn.
            batch_s=0.1 if shared else 0.05,
            batch=max(1, config.in_flight // 2),
        )
