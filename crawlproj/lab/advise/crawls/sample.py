"""The figures of a crawl, from the files that its probes wrote."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawlproj.lab.advise.crawls.probe import SUFFIX
from crawlproj.lab.figures import fit
from crawlproj.latency.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_SINCE, _UNTIL = 0.3, 0.9  # of the pages: the middle, which most of a long crawl is
_MIN_PAGES = 10
_MIN_POINTS = 4

Tick = tuple[float, int, float]
"""(seconds, URLs done, CPU seconds); see Probe."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The figures of a crawl, without its start and its end.

    pages: in total. pages_per_s: the slope of pages over time, in the middle of the crawl.
    cpu_s: CPU seconds per page of the workers.
    support_s: CPU seconds per page of supporting processes on this machine: Redis, the lab's site.
    latency: from the request for a connection to the end of the body, of all sites.
    latencies: {site: mean seconds}. limits: {site: its limit of requests in flight, as learned}.
    rates: {site: its limit of requests/s}, of sites that have one.
    """

    pages: int
    pages_per_s: float
    cpu_s: float
    support_s: float
    latency: Histogram
    latencies: dict[str, float]
    limits: dict[str, float]
    rates: dict[str, float]


def read_sample(folder: Path, site_s: float = 0.0) -> Sample | None:
    """Read the files that the probes of a crawl wrote; None if it fetched too few pages.

    site_s: CPU seconds of the site, if it runs on this machine.
    """
    found = [json.loads(file.read_text()) for file in folder.glob(f"*{SUFFIX}")]
    return merge([each for each in found if each["ticks"][-1][1]], site_s)


def merge(probes: Sequence[dict[str, Any]], site_s: float = 0.0) -> Sample | None:
    """Return the sample from the content of the workers' files; see ``read_sample``. Pure."""
    pages = sum(each["ticks"][-1][1] for each in probes)
    if pages < _MIN_PAGES:
        return None
    pace = _pace(probes, pages)
    if pace <= 0:
        return None
    by_site = defaultdict[str, Histogram](Histogram)
    for each in probes:
        for site, known in each["latency"]["sites"].items():
            by_site[site].merge(Histogram.from_data(known["total"]))
    latency = Histogram()
    for found in by_site.values():
        latency.merge(found)
    redis_s = max(each["redis_s"] for each in probes)  # each saw the total
    return Sample(
        pages=pages,
        pages_per_s=pace,
        cpu_s=_cpu_s([each["ticks"] for each in probes]),
        support_s=(redis_s + site_s) / pages,
        latency=latency,
        latencies={site: found.sum / found.count for site, found in by_site.items() if found.count},
        limits={site: limit for each in probes for site, limit in each["limits"].items()},
        rates={site: rate for each in probes for site, rate in each["rates"].items()},
    )


def _pace(probes: Sequence[dict[str, Any]], pages: int) -> float:
    """Return the pages/s of the middle of a crawl; 0 if it was too short to tell."""
    done = list(_total_done([each["ticks"] for each in probes]))
    # Workers start at different times; count from when all of them are at work.
    working = max(next(tick[0] for tick in each["ticks"] if tick[1]) for each in probes)
    within = [
        (time, count)
        for time, count in done
        if _SINCE * pages <= count <= _UNTIL * pages and time >= working
    ]
    # A short crawl may have no middle.
    line = (fit(within) if len(within) >= _MIN_POINTS else None) or fit(done)
    return 0.0 if line is None else line.slope


def _total_done(workers: Sequence[Sequence[Tick]]) -> Iterator[tuple[float, float]]:
    """Yield (time, URLs done by all workers) whenever the number rises.

    A busy loop parses all bodies that have arrived before it reports any as done, so nothing is
    known between two such times.
    """
    done = [0] * len(workers)
    ticks = sorted((time, n, count) for n, each in enumerate(workers) for time, count, _ in each)
    for time, n, count in ticks:
        if count > done[n]:
            done[n] = count
            yield time, float(sum(done))


def _cpu_s(workers: Sequence[Sequence[Tick]]) -> float:
    """Return CPU seconds per page, from the first page that is done to the last.

    A part of the crawl would not do: pages that are not done at its end have used CPU within it.
    """
    pages, cpu_s = 0, 0.0
    for ticks in workers:
        last = ticks[-1][1]
        since = next(tick for tick in ticks if tick[1])
        until = next(tick for tick in ticks if tick[1] == last)
        pages += until[1] - since[1]
        cpu_s += until[2] - since[2]
    return cpu_s / max(pages, 1)
