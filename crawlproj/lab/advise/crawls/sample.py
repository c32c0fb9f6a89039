"""What a run was like, from what its probes wrote."""

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

_SINCE, _UNTIL = 0.3, 0.9  # of the pages: between start and end a crawl is what a long one is
FEWEST_PAGES = 10
_FEWEST_POINTS = 4

Tick = tuple[float, int, float]
"""Seconds, URLs done, CPU seconds; see Probe."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A run, without what its start and its end cost.

    pages: of all of it. pages_per_s: the slope of pages over time, in the middle of it.
    cpu_s: CPU seconds of the workers a page.
    beside_s: CPU seconds a page of what else runs on this machine for it: Redis, the lab's site.
    latency: from asking for a connection to the end of the body, of all sites.
    latencies: {site: mean seconds}. limits: {site: in flight it may have, as learnt}.
    rates: {site: requests/s it may have}, of those that have such a limit.
    """

    pages: int
    pages_per_s: float
    cpu_s: float
    beside_s: float
    latency: Histogram
    latencies: dict[str, float]
    limits: dict[str, float]
    rates: dict[str, float]


def sample_of(folder: Path, site_s: float = 0.0) -> Sample | None:
    """Read what the probes of a run wrote; None if that is too little to say anything.

    site_s: CPU seconds that the site used, if it is on this machine and known.
    """
    found = [json.loads(file.read_text()) for file in folder.glob(f"*{SUFFIX}")]
    return merged([each for each in found if each["ticks"][-1][1]], site_s)


def merged(probes: Sequence[dict[str, Any]], site_s: float = 0.0) -> Sample | None:
    """Return the sample of a run whose workers' probes wrote these; see ``sample_of``. Pure."""
    pages = sum(each["ticks"][-1][1] for each in probes)
    if pages < FEWEST_PAGES:
        return None
    done = list(_together([each["ticks"] for each in probes]))
    # Workers do not begin at once, and all of them are to be at work.
    working = max(next(tick[0] for tick in each["ticks"] if tick[1]) for each in probes)
    within = [
        (time, count)
        for time, count in done
        if _SINCE * pages <= count <= _UNTIL * pages and time >= working
    ]
    # So short a run may have no middle.
    line = (fit(within) if len(within) >= _FEWEST_POINTS else None) or fit(done)
    if line is None or line.slope <= 0:
        return None
    latency, by_site = Histogram(), defaultdict[str, Histogram](Histogram)
    for each in probes:
        for site, known in each["latency"]["sites"].items():
            by_site[site].merge(Histogram.from_data(known["total"]))
    for found in by_site.values():
        latency.merge(found)
    redis_s = max(each["redis_s"] for each in probes)  # each saw all of it
    return Sample(
        pages=pages,
        pages_per_s=line.slope,
        cpu_s=_cpu_s([each["ticks"] for each in probes]),
        beside_s=(redis_s + site_s) / pages,
        latency=latency,
        latencies={site: found.sum / found.count for site, found in by_site.items() if found.count},
        limits={site: limit for each in probes for site, limit in each["limits"].items()},
        rates={site: rate for each in probes for site, rate in each["rates"].items()},
    )


def _together(workers: Sequence[Sequence[Tick]]) -> Iterator[tuple[float, float]]:
    """Yield (time, URLs that all workers have done) whenever that is more.

    A busy loop parses all that has arrived before it tells the frontier of any, so that between two
    such times nothing is known.
    """
    done = [0] * len(workers)
    ticks = sorted((time, n, count) for n, each in enumerate(workers) for time, count, _ in each)
    for time, n, count in ticks:
        if count > done[n]:
            done[n] = count
            yield time, float(sum(done))


def _cpu_s(workers: Sequence[Sequence[Tick]]) -> float:
    """Return CPU seconds a page, from the first that is done to the last.

    Not of a part of that: a page that is not done yet may have cost what it does already.
    """
    pages, cpu_s = 0, 0.0
    for ticks in workers:
        last = ticks[-1][1]
        since = next(tick for tick in ticks if tick[1])
        until = next(tick for tick in ticks if tick[1] == last)
        pages += until[1] - since[1]
        cpu_s += until[2] - since[2]
    return cpu_s / max(pages, 1)
