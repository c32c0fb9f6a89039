"""The status that a worker reports, and the figures a supervisor computes from statuses."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from crawlproj.latency.recorder import OTHER, LatencyRecorder
from crawlproj.limits.view import SiteView
from crawlproj.report.item_tally import ItemTally
from crawlproj.report.sites import SiteRow, site_row
from crawlproj.scheduling.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """A worker process's run so far.

    beat: the number of the status, from 1. owner: its number in the frontier; 0 before it opens.
    done, requeued, failed, skipped: the fields of Tally.
    in_flight: requests. waiting: leases not requested yet. memory_mb: resident memory.
    sites: URLs done, for the busiest sites and those with the most errors. views: their limits.
    latency: LatencyRecorder.data() for the same sites. items: of the process, by type.
    counts: its stats that report/written.py names, without those that are 0. traps: as in Traps.
    ended: why its crawl has closed; "" before.
    """

    pid: int
    beat: int
    owner: int
    done: int = 0
    requeued: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    in_flight: int = 0
    waiting: int = 0
    memory_mb: float = 0.0
    sites: Mapping[str, int] = field(default_factory=dict)
    views: Mapping[str, SiteView] = field(default_factory=dict)
    latency: Mapping[str, Any] = field(default_factory=dict)
    items: Mapping[str, ItemTally] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    traps: Mapping[str, str] = field(default_factory=dict)
    ended: str = ""

    def text(self) -> str:
        """Return the status as JSON."""
        data = {each.name: getattr(self, each.name) for each in fields(self)}
        data["views"] = {site: asdict(view) for site, view in self.views.items()}
        data["items"] = {
            kind: (tally.scraped, tally.stored, tally.dropped) for kind, tally in self.items.items()
        }
        return json.dumps(data, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def read(cls, path: Path) -> WorkerStatus | None:
        """Return the status in a file; None if there is none, or another version wrote it."""
        try:
            data = json.loads(path.read_text("utf-8"))
            views = {site: SiteView(**view) for site, view in data.pop("views").items()}
            items = {
                kind: ItemTally(scraped, stored, Counter(dropped))
                for kind, (scraped, stored, dropped) in data.pop("items", {}).items()
            }
            return cls(**data, views=views, items=items)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None


class Figures:
    """The combined figures of several processes."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.items: defaultdict[str, ItemTally] = defaultdict(ItemTally)  # by type
        self.counts: Counter[str] = Counter()  # as in report/written.py
        self.traps: dict[str, str] = {}
        self.latency = LatencyRecorder(lambda: 0.0)
        self._views: dict[str, SiteView] = {}

    def add(self, status: WorkerStatus, *, over: bool) -> None:
        """Add a status.

        over: whether its process has ended, and so has nothing in flight at any site.
        """
        self._count(status)
        self._add_items(status.items)
        self.counts.update(status.counts)
        self.traps.update(status.traps)
        if not over:
            self._views.update(status.views)
        if status.latency:
            self.latency.merge(LatencyRecorder.from_data(status.latency, lambda: 0.0))

    def merge(self, other: Figures) -> None:
        """Add the figures of ``other``."""
        self._count(other.tally)
        self._add_items(other.items)
        self.counts.update(other.counts)
        self.traps.update(other.traps)
        self._views.update(other._views)
        self.latency.merge(other.latency)

    def site_rows(self, pages_per_s: Mapping[str, float]) -> list[SiteRow]:
        """Return a row for each known site, busiest first.

        pages_per_s: by site.
        """
        done, latencies = self.tally.sites, self.latency.sites
        known = (done.keys() | latencies.keys()) - {OTHER}
        return [
            site_row(
                site,
                done[site],
                pages_per_s.get(site, 0.0),
                self._views.get(site),
                latencies.get(site),
            )
            for site in sorted(known, key=lambda site: (-done[site], site))
        ]

    def _add_items(self, items: Mapping[str, ItemTally]) -> None:
        for kind, tally in items.items():
            self.items[kind].add(tally)

    def _count(self, more: WorkerStatus | Tally) -> None:
        self.tally.done += more.done
        self.tally.requeued += more.requeued
        self.tally.failed.update(more.failed)
        self.tally.skipped.update(more.skipped)
        self.tally.sites.update(more.sites)


class Rates:
    """How fast counters rise, over the last ``over_s`` seconds."""

    def __init__(self, over_s: float = 5.0) -> None:
        self._over_s = over_s
        self._seen: list[tuple[float, dict[str, int]]] = []

    def add(self, now: float, counts: Iterable[tuple[str, int]]) -> None:
        """Record the counters at time ``now``."""
        self._seen.append((now, dict(counts)))
        while len(self._seen) > 2 and self._seen[0][0] < now - self._over_s:
            del self._seen[0]

    def per_s(self) -> dict[str, float]:
        """Return the increase per second of each counter, since it first appeared or was reset."""
        if not self._seen:
            return {}
        now, counts = self._seen[-1]
        rates = {}
        for name, count in counts.items():
            since, before = now, count
            for when, earlier in reversed(self._seen):
                if name not in earlier or earlier[name] > before:
                    break
                since, before = when, earlier[name]
            rates[name] = (count - before) / (now - since) if now > since else 0.0
        return rates
