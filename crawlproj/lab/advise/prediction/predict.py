"""Predicts the pages/s of n workers × c in flight. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crawlproj.lab.advise.prediction.queueing import throughput

if TYPE_CHECKING:
    from crawlproj.lab.advise.prediction.workload import Workload
    from crawlproj.lab.fetch.loads import Load

Bottleneck = Literal["waiting", "one interpreter", "the interpreters", "cores", "the sites' limit"]


@dataclass(frozen=True, slots=True)
class Prediction:
    """bottleneck: the reason why the load does not fetch more pages_per_s."""

    load: Load
    pages_per_s: float
    bottleneck: Bottleneck


def predict(workload: Workload, load: Load) -> Prediction:
    """Return the prediction for a load.

    Each worker is a network as in queueing.py, with its share of the requests, so n workers have n
    times the throughput of one. If there is a worker for each core, supporting processes such as
    Redis share the cores with the workers; otherwise they have the other cores to themselves. The
    sites' limit bounds the result.
    """
    cost = workload.costs_of(load)
    page_s = cost.worker_s + cost.support_s
    running = min(load.workers, len(workload.cores))
    all_cores = running == len(workload.cores)
    # A process that gets less than a whole core takes that much longer.
    service_s = (
        (page_s if all_cores else cost.worker_s) * load.workers / workload.cores[running - 1]
    )
    each = max(1, load.in_flight // load.workers)
    by_workers = load.workers * throughput(each, service_s, workload.latency_s)
    by_cores = workload.cores[-1] / page_s
    rate = min(by_workers, by_cores, workload.sites_per_s)
    return Prediction(load, rate, _bottleneck(workload, load, service_s, rate))


def _bottleneck(workload: Workload, load: Load, service_s: float, rate: float) -> Bottleneck:
    if rate == workload.sites_per_s:
        return "the sites' limit"
    # Near the knee several things limit the rate; the one that would allow least is named.
    waiting = load.in_flight / (workload.latency_s + service_s)
    if waiting <= load.workers / service_s:
        maximum = workload.sites_in_flight
        at_limit = maximum is not None and load.in_flight >= maximum
        return "the sites' limit" if at_limit else "waiting"
    if load.workers >= len(workload.cores):
        return "cores"
    return "one interpreter" if load.workers == 1 else "the interpreters"
