"""The loads to measure, how many pages each needs, and the ideal time for them. Pure."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.lab.fetch.models.table import FetchModel

MIN_PAGES, MAX_PAGES = 8, 6000
_MAX_FOR_REUSE = 256
_MAX_WORKERS = 16


@dataclass(frozen=True, slots=True)
class Load:
    """in_flight: over all workers. workers: processes, for models that have several."""

    in_flight: int
    workers: int = 1
    parse_ms: float = 0.0


def sweep(model: FetchModel, in_flight: Sequence[int], cores: int, parse_ms: float) -> list[Load]:
    """Return the loads of a model, rising; its own maximum takes the place of larger ones."""
    maximum = model.max_in_flight or max(in_flight)
    numbers = sorted({min(number, maximum) for number in in_flight})
    workers = cores if model.unit == "workers" else 1
    return [Load(number, min(workers, number), parse_ms) for number in numbers]


def matrix(cores: int, in_flight: Sequence[int], parse_ms: Sequence[float]) -> list[Load]:
    """Return every load of n workers × c in flight, for each cost of parsing."""
    counts = sorted({1, 2, 4, min(cores, _MAX_WORKERS)})
    return [
        Load(total, workers, cost)
        for cost in parse_ms
        for total in in_flight
        for workers in counts
        if workers <= total
    ]


def page_count(
    load: Load,
    latency_s: float,
    seconds: float,
    cores: int,
    min_reuse: int,
    cpu_s: float | None = None,
) -> int:
    """Return how many pages take about ``seconds``, and at least as many as are in flight.

    latency_s: the site's mean. cpu_s: CPU seconds of a page, if earlier runs measured them.
    min_reuse: how often each connection, thread or process should be used, so that creating it does
        not dominate. It raises the result to 256 pages at the most.
    """
    rate = load.in_flight / (latency_s + load.parse_ms / 1000)
    if cpu_s:
        rate = min(rate, cores / cpu_s)
    if load.parse_ms:  # one page at a time per process, because of the GIL
        rate = min(rate, min(cores, load.workers) * 1000 / load.parse_ms)
    minimum = max(MIN_PAGES, load.in_flight, min(min_reuse * load.in_flight, _MAX_FOR_REUSE))
    return max(minimum, min(round(rate * seconds), MAX_PAGES))


def ideal_s(latencies: Sequence[float], in_flight: int) -> float:
    """Return how many seconds these pages take if waiting for the site is all there is.

    The pages are fetched in order, each as soon as one of ``in_flight`` slots is free. The result
    is about pages · latency / in_flight, plus the wait for the slowest at the end.
    """
    free_at = [0.0] * min(in_flight, len(latencies))
    end = 0.0
    for latency in latencies:
        done = free_at[0] + latency
        heapq.heapreplace(free_at, done)
        end = max(end, done)
    return end
