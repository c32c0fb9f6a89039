"""The crawl over time in bounded memory. Pure.

The timeline takes one Tick a second. A series holds a limited number of points; when it is full, it
merges neighbours in pairs. So a point of a crawl of a minute covers a second, one of a crawl of a
week covers some minutes, and no count is lost. Histograms and counts add up; a gauge keeps its mean
over time and its maximum.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from crawlproj.latency.histogram import Histogram

MAX_POINTS = 1024
MAX_SITE_POINTS = 512
MAX_SITES = 24
MAX_RANK = 2 * MAX_SITES


@dataclass(frozen=True, slots=True)
class SiteTick:
    """One site's share of a Tick; the counters are running totals of the crawl.

    limit: requests that may be in flight. in_flight: requests that are. done, errors: URLs done and
    failed attempts so far. ttfb_sum_s, ttfb_count: sum and number of times to first byte so far.
    """

    limit: float
    in_flight: float
    done: int
    errors: int
    ttfb_sum_s: float
    ttfb_count: int


@dataclass(frozen=True, slots=True)
class Tick:
    """The events since the last tick.

    start_s, span_s: start in seconds since the crawl began, and length in seconds.
    done: URLs done. errors: failed attempts by reason.
    limit, in_flight: sums over the sites with requests in flight at the end of the tick.
    ttfb, lag: time to first byte; how late the event loop was.
    sites: the MAX_RANK sites with the most URLs done.
    """

    start_s: float
    span_s: float
    done: int
    errors: Mapping[str, int]
    limit: float
    in_flight: float
    ttfb: Histogram
    lag: Histogram
    sites: Mapping[str, SiteTick]


class _Point(Protocol):
    def absorb(self, later: Self) -> None:
        """Merge the point that follows into this one."""


P = TypeVar("P", bound=_Point)


class Series(Generic[P]):
    """Up to ``max_points`` points, each merged from equally many of those added."""

    def __init__(self, max_points: int) -> None:
        if max_points < 2 or max_points % 2:
            raise ValueError(f"max_points must be an even number from 2, not {max_points}")
        self.points: list[P] = []
        self._max_points = max_points
        self._per_point = 1
        self._in_last = 0  # how many points were merged into the last one

    def add(self, point: P) -> None:
        """Add a point, which the series then owns."""
        if self.points and self._in_last < self._per_point:
            self.points[-1].absorb(point)
            self._in_last += 1
            return
        if len(self.points) == self._max_points:
            for earlier, later in zip(self.points[::2], self.points[1::2], strict=True):
                earlier.absorb(later)
            del self.points[1::2]
            self._per_point *= 2
        self.points.append(point)
        self._in_last = 1


@dataclass(slots=True)
class Gauge:
    """A value over a span of time."""

    mean: float
    max: float

    def absorb(self, later: Gauge, span_s: float, later_span_s: float) -> None:
        """Merge the span that follows; the mean is weighted by time."""
        whole = span_s + later_span_s
        if whole > 0:
            self.mean = (self.mean * span_s + later.mean * later_span_s) / whole
        self.max = max(self.max, later.max)


@dataclass(slots=True)
class Point:
    """All sites over a span of time; see Tick."""

    start_s: float
    span_s: float
    done: int
    errors: Counter[str]
    limit: Gauge
    in_flight: Gauge
    ttfb: Histogram
    lag: Histogram

    def absorb(self, later: Point) -> None:
        """Merge the point that follows into this one."""
        self.limit.absorb(later.limit, self.span_s, later.span_s)
        self.in_flight.absorb(later.in_flight, self.span_s, later.span_s)
        self.span_s = later.start_s + later.span_s - self.start_s
        self.done += later.done
        self.errors.update(later.errors)
        self.ttfb.merge(later.ttfb)
        self.lag.merge(later.lag)


@dataclass(slots=True)
class SitePoint:
    """One site over a span of time; counters cover only that span."""

    start_s: float
    span_s: float
    done: int
    errors: int
    limit: Gauge
    in_flight: Gauge
    ttfb_sum_s: float
    ttfb_count: int

    def absorb(self, later: SitePoint) -> None:
        """Merge the point that follows into this one."""
        self.limit.absorb(later.limit, self.span_s, later.span_s)
        self.in_flight.absorb(later.in_flight, self.span_s, later.span_s)
        self.span_s = later.start_s + later.span_s - self.start_s
        self.done += later.done
        self.errors += later.errors
        self.ttfb_sum_s += later.ttfb_sum_s
        self.ttfb_count += later.ttfb_count


@dataclass(slots=True)
class _Followed:
    series: Series[SitePoint]
    last: SiteTick


class Timeline:
    """All sites together, and each of the busiest.

    A site is followed from the time it is among the MAX_SITES busiest until it is no longer among
    the MAX_RANK busiest, so that two sites that keep swapping ranks keep their history.
    """

    def __init__(self, max_points: int = MAX_POINTS) -> None:
        self._all: Series[Point] = Series(max_points)
        self._followed: dict[str, _Followed] = {}

    @property
    def points(self) -> list[Point]:
        """All sites together, oldest first."""
        return self._all.points

    def busiest(self) -> dict[str, list[SitePoint]]:
        """Return the points of the MAX_SITES sites with the most URLs done, busiest first."""
        ranked = _busiest({name: site.last for name, site in self._followed.items()})
        return {name: self._followed[name].series.points for name in ranked}

    def add(self, tick: Tick) -> None:
        """Add a tick, later than the last one. The timeline then owns its histograms."""
        self._all.add(
            Point(
                tick.start_s,
                tick.span_s,
                tick.done,
                Counter(tick.errors),
                Gauge(tick.limit, tick.limit),
                Gauge(tick.in_flight, tick.in_flight),
                tick.ttfb,
                tick.lag,
            )
        )
        for name in self._followed.keys() - tick.sites.keys():
            del self._followed[name]
        for name, site in self._followed.items():
            now, before = tick.sites[name], site.last
            site.last = now
            site.series.add(
                SitePoint(
                    tick.start_s,
                    tick.span_s,
                    now.done - before.done,
                    now.errors - before.errors,
                    Gauge(now.limit, now.limit),
                    Gauge(now.in_flight, now.in_flight),
                    now.ttfb_sum_s - before.ttfb_sum_s,
                    now.ttfb_count - before.ttfb_count,
                )
            )
        for name in _busiest(tick.sites):
            if name not in self._followed:
                self._followed[name] = _Followed(Series(MAX_SITE_POINTS), tick.sites[name])


def _busiest(sites: Mapping[str, SiteTick]) -> list[str]:
    return sorted(sites, key=lambda name: (-sites[name].done, name))[:MAX_SITES]
