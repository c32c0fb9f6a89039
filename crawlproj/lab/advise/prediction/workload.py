"""The properties of a workload that a prediction needs. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from statistics import median
from typing import TYPE_CHECKING

from crawlproj.lab.advise.prediction.queueing import queue_length

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.lab.advise.crawls.sample import Sample
    from crawlproj.lab.fetch.loads import Load


_ITERATIONS = 20


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds of a page, with ``in_flight`` requests in flight at each worker.

    worker_s: of the worker. support_s: of supporting processes on this machine, such as Redis.
    """

    in_flight: int
    worker_s: float
    support_s: float


@dataclass(frozen=True, slots=True)
class Costs:
    """Costs at one or more loads, rising; between two of them, linear in the load's logarithm.

    The more requests are in flight, the more pages share a wake-up of the loop and a transaction of
    the store, so a page costs less. Outside of the measured loads, the nearest cost is assumed.
    """

    known: tuple[Cost, ...]

    def at(self, in_flight: float) -> Cost:
        """Return the cost with so many in flight at each worker, at least 1."""
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
            before.support_s + share * (after.support_s - before.support_s),
        )

    @classmethod
    def of(cls, samples: Sequence[tuple[Load, Sample]]) -> Costs:
        """Return the costs in these samples; the median of those with the same load."""
        loads = sorted({load.in_flight // load.workers for load, _ in samples})
        return cls(tuple(_cost(each, samples) for each in loads))


@dataclass(frozen=True, slots=True)
class Workload:
    """The pages to fetch, the sites they are on, and the machine.

    latency_s: mean seconds of a page if the crawler is not busy.
    one_worker, several_workers: costs; several workers need Redis. None if not sampled.
    cores: [cores' worth of CPU that 1, 2, … processes get], less what other programs use.
    sites_in_flight: maximum requests in flight at all sites; None if there is none.
    sites_per_s: maximum pages/s of all sites; infinite if it is not known.
    """

    latency_s: float
    one_worker: Costs
    several_workers: Costs | None
    cores: tuple[float, ...]
    sites_in_flight: int | None
    sites_per_s: float

    def costs_of(self, load: Load) -> Cost:
        """Return the cost of a page under a load."""
        several = self.several_workers if load.workers > 1 else None
        costs = self.one_worker if several is None else several
        return costs.at(max(1, load.in_flight // load.workers))


def site_latency_s(load: Load, samples: Sequence[Sample], core_share: float) -> float:
    """Return the mean seconds that pages take, without their waits for the crawler itself.

    samples: under ``load``. core_share: the share of a core that a process gets.
    A body that has arrived waits until the loop is free, behind Q(k-1) other pages. So the samples
    show L + s Q(k-1), where Q depends on L; the equation is solved by iteration.
    """
    seen = median(sample.latency.sum / max(sample.latency.count, 1) for sample in samples)
    service_s = median(sample.cpu_s for sample in samples) / core_share
    rate = median(sample.pages_per_s for sample in samples)
    # By Little's law: there may have been fewer in flight than allowed.
    in_flight = min(load.in_flight, max(1, round(rate * (seen + service_s))))
    latency = seen
    for _ in range(_ITERATIONS):
        latency = max(seen - service_s * queue_length(in_flight - 1, service_s, latency), seen / 2)
    return latency


def _cost(in_flight: int, samples: Sequence[tuple[Load, Sample]]) -> Cost:
    found = [each for load, each in samples if load.in_flight // load.workers == in_flight]
    return Cost(
        in_flight, median(each.cpu_s for each in found), median(each.support_s for each in found)
    )
