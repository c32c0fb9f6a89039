"""Predicts pages a second of n workers × c in flight. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crawlproj.lab.advise.prediction.queueing import throughput

if TYPE_CHECKING:
    from crawlproj.lab.advise.prediction.workload import Workload
    from crawlproj.lab.fetch.loads import Load

Bound = Literal["waiting", "one interpreter", "the interpreters", "cores", "the sites' limit"]


@dataclass(frozen=True, slots=True)
class Prediction:
    """bound: what keeps a load from more pages_per_s."""

    load: Load
    pages_per_s: float
    bound: Bound


def predict(workload: Workload, load: Load) -> Prediction:
    """Return what a load will fetch.

    Each worker is a network of queueing.py with its share of the requests, so n of them make n · X.
    Where there is a worker for each core, what else runs here for a page takes its turn there, too;
    else it has cores of its own, until all are busy. More than the sites give nobody fetches.
    """
    cost = workload.costs_of(load)
    page_s = cost.worker_s + cost.beside_s
    running = min(load.workers, len(workload.cores))
    full = running == len(workload.cores)
    # A process that does not get a whole core is slower by that.
    service_s = (page_s if full else cost.worker_s) * load.workers / workload.cores[running - 1]
    each = max(1, load.in_flight // load.workers)
    closed = load.workers * throughput(each, service_s, workload.latency_s)
    cores = workload.cores[-1] / page_s
    rate = min(closed, cores, workload.sites_per_s)
    return Prediction(load, rate, _bound(workload, load, service_s, rate))


def _bound(workload: Workload, load: Load, service_s: float, rate: float) -> Bound:
    if rate == workload.sites_per_s:
        return "the sites' limit"
    # Of what each allows alone, the least is the bound: at the knee it is more than one of them.
    waiting = load.in_flight / (workload.latency_s + service_s)
    if waiting <= load.workers / service_s:
        most = workload.sites_in_flight
        return "the sites' limit" if most is not None and load.in_flight >= most else "waiting"
    if load.workers >= len(workload.cores):
        return "cores"
    return "one interpreter" if load.workers == 1 else "the interpreters"
