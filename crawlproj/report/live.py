"""The live snapshot of a crawl: what each worker publishes, and how many become one. Pure.

A worker publishes a Live once a second, as JSON of at most some 20 KB, and one tick, which the
frontier keeps for ten minutes. Readers call ``merged`` and ``merged_ticks``.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from crawlproj.latency.histogram import Histogram
from crawlproj.report.why import Why

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crawlproj.frontier.live import Tick, WorkerNews

MAX_SITES = 50
"""How many sites a snapshot has."""

WAITING_SITES = 10
"""How many of them may be there because they wait, although others are busier."""

_WAITING = frozenset({"login", "paused", "drained", "given-up", "asked", "away"})


@dataclass(frozen=True, slots=True)
class LiveSite:
    """A site. in_flight, limit: requests; limit is None before there is one.

    rate: requests/s that may start; None without a bound. pages_per_s: over the last seconds.
    done: URLs in this run. errors: attempts that failed in it. waiting: leases that wait here.
    p50_s, p99_s: seconds to the first byte in this run; None before the first.
    why: what binds it.
    """

    site: str
    in_flight: int = 0
    limit: float | None = None
    rate: float | None = None
    pages_per_s: float = 0.0
    done: int = 0
    errors: int = 0
    waiting: int = 0
    p50_s: float | None = None
    p99_s: float | None = None
    why: Why = field(default_factory=lambda: Why("nothing-waits", ""))


@dataclass(frozen=True, slots=True)
class Live:
    """A worker's snapshot, or that of all workers.

    workers: their names. at, began: when it was made, and when the run began (unix seconds).
    job, spider, generation: what is crawled. held: why no site may start anything; "" if some may.
    pages_per_s: over the last seconds. in_flight, budget: requests, and how many there may be.
    queued: URLs that wait. pending, leased, done: URLs of the job, in all its runs, and failed and
    skipped by reason. errors: attempts of this run that failed, by reason.
    cpu: cores that the processes use. memory_mb: resident memory.
    latency: of the last seconds, to the first byte (Histogram.data()).
    sites: the most interesting ones; sites_known: how many there are.
    """

    workers: tuple[str, ...]
    at: float
    began: float
    job: str
    spider: str
    generation: int
    held: str = ""
    pages_per_s: float = 0.0
    in_flight: int = 0
    budget: int = 0
    queued: int = 0
    pending: int = 0
    leased: int = 0
    done: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    errors: Mapping[str, int] = field(default_factory=dict)
    cpu: float = 0.0
    memory_mb: float = 0.0
    latency: Mapping[str, Any] = field(default_factory=dict)
    sites: tuple[LiveSite, ...] = ()
    sites_known: int = 0

    def quantile(self, share: float) -> float | None:
        """Return a quantile of the latency in seconds; None if nothing was answered lately."""
        found = Histogram.from_data(self.latency) if self.latency else Histogram()
        return found.quantile(share) if found.count else None

    def text(self) -> str:
        """Return the snapshot as JSON."""
        data = _values(self)
        # Not asdict(), which copies every value, and would be half of what a snapshot costs.
        data["sites"] = [{**_values(site), "why": _values(site.why)} for site in self.sites]
        return json.dumps(data, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def read(cls, text: str) -> Live | None:
        """Return the snapshot in ``text``; None if another version wrote it."""
        try:
            data = json.loads(text)
            sites = [LiveSite(**{**site, "why": Why(**site["why"])}) for site in data.pop("sites")]
            workers = tuple(data.pop("workers"))
            return cls(**data, workers=workers, sites=tuple(sites))
        except (ValueError, TypeError, KeyError, AttributeError):
            return None


@dataclass(frozen=True, slots=True)
class LiveTick:
    """One second of a crawl: rates are per second, latencies seconds to the first byte.

    at: unix seconds. errors: by reason, the most frequent eight.
    """

    at: float
    done: float = 0.0
    in_flight: int = 0
    limit: float = 0.0
    queued: int = 0
    p50_s: float = 0.0
    p99_s: float = 0.0
    cpu: float = 0.0
    errors: Mapping[str, float] = field(default_factory=dict)

    def text(self) -> str:
        """Return the tick as JSON, without its time."""
        values = [getattr(self, each.name) for each in fields(self)[1:]]
        return json.dumps(values, separators=(",", ":"))


def _values(record: Live | LiveSite | Why) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}


def merged(news: Iterable[WorkerNews]) -> Live | None:
    """Return the snapshots of a job's workers as one; None if there is none that can be read.

    The counts of the job are those of the latest snapshot, because every worker sees all of them. A
    site that two workers have (it changes hands) is there once, with what both have in flight.
    """
    read = [live for one in news if (live := Live.read(one.document)) is not None]
    if not read:
        return None
    read.sort(key=lambda live: live.at)
    latest = read[-1]
    latency = Histogram()
    for live in read:
        if live.latency:
            latency.merge(Histogram.from_data(live.latency))
    return replace(
        latest,
        workers=tuple(sorted({name for live in read for name in live.workers})),
        began=min(live.began for live in read),
        held=latest.held if all(live.held for live in read) else "",
        pages_per_s=sum(live.pages_per_s for live in read),
        in_flight=sum(live.in_flight for live in read),
        budget=sum(live.budget for live in read),
        queued=max(live.queued for live in read),
        errors=_sum(live.errors for live in read),
        cpu=sum(live.cpu for live in read),
        memory_mb=sum(live.memory_mb for live in read),
        latency=latency.data(),
        sites=_sites(read),
        sites_known=sum(live.sites_known for live in read),
    )


def _sites(read: Sequence[Live]) -> tuple[LiveSite, ...]:
    found: dict[str, LiveSite] = {}
    for live in read:
        for site in live.sites:
            other = found.get(site.site)
            found[site.site] = site if other is None else _both(other, site)
    sites = sorted(found.values(), key=interest)
    waiting = [site for site in sites if site.why.kind in _WAITING][:WAITING_SITES]
    others = [site for site in sites if site not in waiting]
    return tuple(sorted((*waiting, *others[: MAX_SITES - len(waiting)]), key=interest))


def _both(one: LiveSite, other: LiveSite) -> LiveSite:
    """Return a site that two workers have, as its busier one sees it."""
    busier = min(one, other, key=interest)
    return replace(
        busier,
        in_flight=one.in_flight + other.in_flight,
        pages_per_s=one.pages_per_s + other.pages_per_s,
        done=one.done + other.done,
        errors=one.errors + other.errors,
        waiting=one.waiting + other.waiting,
    )


def interest(site: LiveSite) -> tuple[object, ...]:
    """Return a key that sorts the sites people look at first to the front."""
    waits = site.why.kind in _WAITING
    return (-site.in_flight, not waits, -site.pages_per_s, -site.waiting, -site.done, site.site)


def merged_ticks(ticks: Mapping[str, Sequence[Tick]]) -> list[LiveTick]:
    """Return the ticks of a job's workers as one row for each second, oldest first.

    Latencies are the worst of the workers'; what another version wrote is left out.
    """
    seconds: dict[int, list[LiveTick]] = {}
    for each in ticks.values():
        for tick in each:
            if (read := _tick(tick)) is not None:
                seconds.setdefault(int(tick.at), []).append(read)
    return [_one_second(second, rows) for second, rows in sorted(seconds.items())]


def _tick(tick: Tick) -> LiveTick | None:
    try:
        return LiveTick(tick.at, *json.loads(tick.data))
    except (ValueError, TypeError):
        return None


def _one_second(second: int, rows: Sequence[LiveTick]) -> LiveTick:
    return LiveTick(
        float(second),
        done=sum(row.done for row in rows),
        in_flight=sum(row.in_flight for row in rows),
        limit=sum(row.limit for row in rows),
        queued=max(row.queued for row in rows),
        p50_s=max(row.p50_s for row in rows),
        p99_s=max(row.p99_s for row in rows),
        cpu=sum(row.cpu for row in rows),
        errors=_sum(row.errors for row in rows),
    )


def _sum(counts: Iterable[Mapping[str, float]]) -> dict[str, Any]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(total)
