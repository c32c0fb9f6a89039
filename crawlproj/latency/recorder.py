"""Records how long each phase of a request took, by phase and by site."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crawlproj.latency.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

PHASES = (
    "permit",
    "queued",
    "dns",
    "connect",
    "tls",
    "ttfb",
    "transfer",
    "callback",
    "pipelines",
)
"""The phases of a request, in order; see LatencyRecorder."""

OTHER = "(other)"
"""Name that stands for the sites used longest ago once there are too many."""

_MAX_SITES = 10_000
_DOWNLOAD = frozenset({"queued", "dns", "connect", "tls", "ttfb", "transfer"})


def _histograms() -> dict[str, Histogram]:
    return {phase: Histogram() for phase in PHASES}


@dataclass(slots=True)
class SiteLatency:
    """The downloads from one site.

    ttfb: from sending the request to the first byte of the answer.
    total: from asking for a connection to the end of the body, without the wait for a permit.
    ok: downloads with a good answer. errors: other downloads, by reason.
    """

    ttfb: Histogram = field(default_factory=Histogram)
    total: Histogram = field(default_factory=Histogram)
    ok: int = 0
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def requests(self) -> int:
        """All downloads, good and failed."""
        return self.ok + sum(self.errors.values())

    def merge(self, other: SiteLatency) -> None:
        """Add the counts of ``other``."""
        self.ttfb.merge(other.ttfb)
        self.total.merge(other.total)
        self.ok += other.ok
        self.errors.update(other.errors)


@dataclass(slots=True)
class Interval:
    """The records of all sites between two calls of take_interval(), ``seconds`` apart."""

    seconds: float = 0.0
    phases: dict[str, Histogram] = field(default_factory=_histograms)
    lag: Histogram = field(default_factory=Histogram)
    ok: int = 0
    errors: int = 0

    @property
    def ttfb(self) -> Histogram:
        """The time to first byte."""
        return self.phases["ttfb"]

    def merge(self, other: Interval) -> None:
        """Add the counts of ``other``, and its ``seconds``."""
        self.seconds += other.seconds
        for phase, histogram in other.phases.items():
            self.phases[phase].merge(histogram)
        self.lag.merge(other.lag)
        self.ok += other.ok
        self.errors += other.errors


class LatencyRecorder:
    """Histograms of each phase over all sites, of each site's downloads, and of the loop's lag.

    The phases: permit (wait for a permit of the site), queued (wait for a connection), dns,
    connect, tls, ttfb (request sent to first byte received), transfer (the body), callback (the
    spider's code, while it runs), pipelines (one item, from the first to the last). A phase that
    did not happen is not recorded, so the count of its histogram is how often it happened. Failed
    downloads are recorded too, with their last phase up to the failure.

    clock: monotonic seconds, to measure intervals.
    max_sites: at least 2; beyond it, the sites used longest ago become part of OTHER.
    errors: downloads by reason, over all sites.

    Not thread-safe.
    """

    def __init__(self, clock: Callable[[], float], *, max_sites: int = _MAX_SITES) -> None:
        if max_sites < 2:
            raise ValueError(f"max_sites must be at least 2, not {max_sites}")
        self.errors: Counter[str] = Counter()
        self._clock = clock
        self._max_sites = max_sites
        self._sites: OrderedDict[str, SiteLatency] = OrderedDict()  # used longest ago first
        # Each duration is recorded once, in the current interval; the past holds those taken.
        self._past = Interval()
        self._interval = Interval()
        self._since = clock()

    def record(self, site: str, phases: Mapping[str, float], reason: str = "") -> None:
        """Record a download: its seconds by phase, and why it failed ("" if it did not)."""
        interval = self._interval
        histograms = interval.phases
        total = ttfb = 0.0
        for phase, seconds in phases.items():
            if seconds > 0 and phase in histograms:
                histograms[phase].record(seconds)
                if phase in _DOWNLOAD:
                    total += seconds
                    if phase == "ttfb":
                        ttfb = seconds
        known = self._site(site)
        if ttfb:
            known.ttfb.record(ttfb)
        if total:
            known.total.record(total)
        if reason:
            interval.errors += 1
            self.errors[reason] += 1
            known.errors[reason] += 1
        else:
            interval.ok += 1
            known.ok += 1

    def add(self, phase: str, seconds: float) -> None:
        """Record a phase that comes after the download: "callback" or "pipelines"."""
        self._interval.phases[phase].record(seconds)

    def lag(self, seconds: float) -> None:
        """Record by how many seconds the event loop was late."""
        self._interval.lag.record(seconds)

    @property
    def sites(self) -> Mapping[str, SiteLatency]:
        """The sites, used longest ago first: a live view for reading."""
        return self._sites

    @property
    def phases(self) -> dict[str, Histogram]:
        """The histogram of each of PHASES so far."""
        return self._totals().phases

    @property
    def ttfb(self) -> Histogram:
        """The times to first byte so far, as a copy."""
        found = self._past.ttfb.copy()
        found.merge(self._interval.ttfb)
        return found

    @property
    def loop_lag(self) -> Histogram:
        """How late the event loop was so far."""
        return self._totals().lag

    @property
    def ok(self) -> int:
        """Downloads with a good answer."""
        return self._past.ok + self._interval.ok

    def take_interval(self) -> Interval:
        """Return what was recorded since the last call, or since the start on the first call."""
        taken, self._interval = self._interval, Interval()
        now = self._clock()
        taken.seconds, self._since = now - self._since, now
        self._past.merge(taken)
        return taken

    def merge(self, other: LatencyRecorder) -> None:
        """Add the counts of ``other`` to the current interval."""
        theirs = other._totals()
        theirs.seconds = 0.0
        self._interval.merge(theirs)
        self.errors.update(other.errors)
        for site, known in other._sites.items():
            self._site(site).merge(known)

    def data(self, sites: Collection[str] | None = None) -> dict[str, Any]:
        """Return JSON types: everything, or only the given ``sites``."""
        totals = self._totals()
        return {
            "ok": totals.ok,
            "errors": dict(self.errors),
            "phases": {phase: found.data() for phase, found in totals.phases.items()},
            "loop_lag": totals.lag.data(),
            "sites": {
                site: {
                    "ttfb": known.ttfb.data(),
                    "total": known.total.data(),
                    "ok": known.ok,
                    "errors": dict(known.errors),
                }
                for site, known in self._sites.items()
                if sites is None or site in sites
            },
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any], clock: Callable[[], float]) -> LatencyRecorder:
        """Rebuild a recorder from ``data()``. Raises ValueError if the data is malformed."""
        recorder = cls(clock)
        interval = recorder._interval
        try:
            recorder.errors.update(data["errors"])
            interval.ok, interval.errors = int(data["ok"]), sum(recorder.errors.values())
            interval.lag = Histogram.from_data(data["loop_lag"])
            for phase in PHASES:
                interval.phases[phase] = Histogram.from_data(data["phases"][phase])
            for site, known in data["sites"].items():
                recorder._site(site).merge(
                    SiteLatency(
                        Histogram.from_data(known["ttfb"]),
                        Histogram.from_data(known["total"]),
                        int(known["ok"]),
                        Counter(known["errors"]),
                    )
                )
        except (TypeError, KeyError, AttributeError) as exc:
            raise ValueError(f"malformed data of a latency recorder: {exc!r}") from None
        return recorder

    def _totals(self) -> Interval:
        totals = Interval()
        totals.merge(self._past)
        totals.merge(self._interval)
        return totals

    def _site(self, site: str) -> SiteLatency:
        sites = self._sites
        known = sites.get(site)
        if known is None:
            known = sites[site] = SiteLatency()
            if len(sites) > self._max_sites:
                self._make_room()
        else:
            sites.move_to_end(site)
        return known

    def _make_room(self) -> None:
        other = self._sites.pop(OTHER, None) or SiteLatency()
        while len(self._sites) >= self._max_sites:
            _, oldest = self._sites.popitem(last=False)
            other.merge(oldest)
        self._sites[OTHER] = other
