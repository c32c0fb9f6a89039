"""What is known of a workload, as the prediction needs it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from statistics import median
from typing import TYPE_CHECKING

from crawlproj.lab.advise.prediction.queueing import queued

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.lab.advise.crawls.sample import Sample
    from crawlproj.lab.fetch.loads import Load


_ITERATIONS = 20


@dataclass(frozen=True, slots=True)
class Cost:
    """What a page costs with so many requests in flight at each worker, in CPU seconds.

    worker_s: the worker. beside_s: what else runs on this machine for it.
    """

    in_flight: int
    worker_s: float
    beside_s: float


@dataclass(frozen=True, slots=True)
class Costs:
    """Costs at one or more loads, rising. Between them the logarithm of the load decides.

    The more is in flight the more pages share a wake-up of the loop and a transaction of the store,
    so a page costs less; outside of what was measured it is taken to cost what it does at the edge.
    """

    known: tuple[Cost, ...]

    def at(self, in_flight: float) -> Cost:
        """Return the cost with so many in flight at a worker, at least 1."""
        after = next((cost for cost in self.known if cost.in_flight >= in_flight), self.known[-1])
        before = next(
            (cost for cost in reversed(self.known) if cost.in_flight <= in_flight), self.known[0]
        )
        if after.in_flight <= before.in_flight:
            return after
        share = log(in_flight / before.in_flight) / log(after.in_flight / before.in_flight)
        return Cost(
            round(in_flight),
            before.worker_s + share * (after.worker_s - before.worker_s),
            before.beside_s + share * (after.beside_s - before.beside_s),
        )

    @classmethod
    def of(cls, samples: Sequence[tuple[Load, Sample]]) -> Costs:
        """Return those of some runs; of several under one load the median counts."""
        loads = sorted({load.in_flight // load.workers for load, _ in samples})
        return cls(tuple(_cost(each, samples) for each in loads))


@dataclass(frozen=True, slots=True)
class Workload:
    """What is known of a workload.

    latency_s: mean time that a page takes when the crawler is not busy.
    alone: costs with one worker; shared: with several, which need Redis; None if not known.
    cores: that 1, 2, … processes get of this machine; what others leave.
    sites_in_flight: requests that the sites may have together; None for any number.
    sites_per_s: pages that the sites answer a second at most; infinite if nobody knows.
    """

    latency_s: float
    alone: Costs
    shared: Costs | None
    cores: tuple[float, ...]
    sites_in_flight: int | None
    sites_per_s: float

    def costs_of(self, load: Load) -> Cost:
        """Return what a page costs under a load."""
        costs = self.alone if load.workers == 1 or self.shared is None else self.shared
        return costs.at(max(1, load.in_flight // load.workers))


def latency_s(load: Load, samples: Sequence[Sample], share: float) -> float:
    """Return the mean seconds that pages take, less what they wait for the crawler itself.

    samples: under ``load``. share: of a core, that a process gets.
    A body that is there waits until the loop has time for it, behind Q(k-1) other pages: what was
    seen is L + s Q(k-1), in which Q depends on L; solved by iteration.
    """
    seen = median(sample.latency.sum / max(sample.latency.count, 1) for sample in samples)
    service_s = median(sample.cpu_s for sample in samples) / share
    rate = median(sample.pages_per_s for sample in samples)
    # Little's law: it may have been fewer than were allowed.
    in_flight = min(load.in_flight, max(1, round(rate * (seen + service_s))))
    latency = seen
    for _ in range(_ITERATIONS):
        latency = max(seen - service_s * queued(in_flight - 1, service_s, latency), seen / 2)
    return latency


def _cost(in_flight: int, samples: Sequence[tuple[Load, Sample]]) -> Cost:
    found = [each for load, each in samples if load.in_flight // load.workers == in_flight]
    return Cost(
        in_flight, median(each.cpu_s for each in found), median(each.beside_s for each in found)
    )
