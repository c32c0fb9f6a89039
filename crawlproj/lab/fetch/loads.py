"""What is measured: loads, how many pages each gets, what waiting alone would allow. Pure."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.lab.fetch.models.table import Model

FEWEST_PAGES, MOST_PAGES = 8, 6000
MOST_FOR_TURNS = 256
MOST_WORKERS = 16


@dataclass(frozen=True, slots=True)
class Load:
    """in_flight: over all workers. workers: processes, for models that have them."""

    in_flight: int
    workers: int = 1
    parse_ms: float = 0.0


def sweep(model: Model, in_flight: Sequence[int], cores: int, parse_ms: float) -> list[Load]:
    """Return the loads of a model, rising: up to its own bound, which is one of them."""
    most = model.most or max(in_flight)
    numbers = sorted({min(number, most) for number in in_flight})
    workers = cores if model.unit == "workers" else 1
    return [Load(number, min(workers, number), parse_ms) for number in numbers]


def matrix(cores: int, in_flight: Sequence[int], parse_ms: Sequence[float]) -> list[Load]:
    """Return n workers × c in flight, for each cost of parsing."""
    counts = sorted({1, 2, 4, min(cores, MOST_WORKERS)})
    return [
        Load(total, workers, cost)
        for cost in parse_ms
        for total in in_flight
        for workers in counts
        if workers <= total
    ]


def pages_for(
    load: Load,
    latency_s: float,
    seconds: float,
    cores: int,
    turns: int,
    cpu_s: float | None = None,
) -> int:
    """Return how many pages take about ``seconds``, at least as many as are in flight.

    turns: how often each place should be used at least, so that what a place costs to set up does
    not count too much; where that makes more than MOST_FOR_TURNS pages, so many.
    latency_s: the site's mean. cpu_s: what a page costs, where that is known already.
    """
    rate = load.in_flight / (latency_s + load.parse_ms / 1000)
    if cpu_s:
        rate = min(rate, cores / cpu_s)
    if load.parse_ms:  # by one interpreter's lock a process
        rate = min(rate, min(cores, load.workers) * 1000 / load.parse_ms)
    least = max(FEWEST_PAGES, load.in_flight, min(turns * load.in_flight, MOST_FOR_TURNS))
    return max(least, min(round(rate * seconds), MOST_PAGES))


def ideal_s(latencies: Sequence[float], in_flight: int) -> float:
    """Return how long these pages take if there is nothing but waiting.

    In order, each as soon as one of ``in_flight`` places is free. That is pages · latency /
    in-flight, and at the end the wait for the slowest.
    """
    places = [0.0] * min(in_flight, len(latencies))
    end = 0.0
    for latency in latencies:
        done = places[0] + latency
        heapq.heapreplace(places, done)
        end = max(end, done)
    return end
