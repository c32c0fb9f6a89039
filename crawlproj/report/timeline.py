"""The crawl over time in bounded memory. Pure.

One Tick a second goes in. A series keeps at most so many points: when it is full, neighbours are
merged pairwise, so a crawl of a minute is seen by the second and one of a week by some minutes,
and nothing that was counted is lost. Histograms and counts add up; a gauge keeps its mean (by time)
and its largest value.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from crawlproj.latency.histogram import Histogram

MOST_POINTS = 1024
MOST_SITE_POINTS = 512
MOST_SITES = 24
MOST_RANKED = 2 * MOST_SITES


@dataclass(frozen=True, slots=True)
class SiteTick:
    """One site's share of a Tick; the counters are running totals of the crawl.

    limit: requests in flight it may have. in_flight: those it has. done, errors: URLs done and
    failed attempts so far. ttfb_sum_s, ttfb_count: times to first byte so far, added and counted.
    """

    limit: float
    in_flight: float
    done: int
    errors: int
    ttfb_sum_s: float
    ttfb_count: int


@dataclass(frozen=True, slots=True)
class Tick:
    """What happened since the last one.

    start_s, span_s: seconds since the crawl began, and how long it lasted.
    done: URLs that were done. errors: attempts that failed, by reason.
    limit, in_flight: over the sites with requests in flight, at its end.
    ttfb, lag: seconds to first byte; seconds the event loop was late.
    sites: the MOST_RANKED with most URLs done.
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
        """Take in the point that follows."""


P = TypeVar("P", bound=_Point)


class Series(Generic[P]):
    """At most ``most`` points, each made of equally many of those that were added."""

    def __init__(self, most: int) -> None:
        if most < 2 or most % 2:
            raise ValueError(f"a series needs an even number of points, at least 2, not {most}")
        self.points: list[P] = []
        self._most = most
        self._per_point = 1
        self._in_last = 0  # how many were added to the last point

    def add(self, point: P) -> None:
        """Add a point; it belongs to the series from now on."""
        if self.points and self._in_last < self._per_point:
            self.points[-1].absorb(point)
            self._in_last += 1
            return
        if len(self.points) == self._most:
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
    most: float

    def absorb(self, later: Gauge, span_s: float, later_span_s: float) -> None:
        """Take in the span that follows; the mean is weighted by time."""
        whole = span_s + later_span_s
        if whole > 0:
            self.mean = (self.mean * span_s + later.mean * later_span_s) / whole
        self.most = max(self.most, later.most)


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
        """Take in the point that follows."""
        self.limit.absorb(later.limit, self.span_s, later.span_s)
        self.in_flight.absorb(later.in_flight, self.span_s, later.span_s)
        self.span_s = later.start_s + later.span_s - self.start_s
        self.done += later.done
        self.errors.update(later.errors)
        self.ttfb.merge(later.ttfb)
        self.lag.merge(later.lag)


@dataclass(slots=True)
class SitePoint:
    """One site over a span of time; the counters are of that span alone."""

    start_s: float
    span_s: float
    done: int
    errors: int
    limit: Gauge
    in_flight: Gauge
    ttfb_sum_s: float
    ttfb_count: int

    def absorb(self, later: SitePoint) -> None:
        """Take in the point that follows."""
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
    """All sites together, and the busiest one by one.

    A site is followed from when it is one of the MOST_SITES busiest until it is no longer one of
    MOST_RANKED, so that two sites neck and neck do not take each other's history away.
    """

    def __init__(
        self, most_points: int = MOST_POINTS, most_site_points: int = MOST_SITE_POINTS
    ) -> None:
        self._all: Series[Point] = Series(most_points)
        self._most_site_points = most_site_points
        self._followed: dict[str, _Followed] = {}

    @property
    def points(self) -> list[Point]:
        """All sites together, oldest first."""
        return self._all.points

    def busiest(self) -> dict[str, list[SitePoint]]:
        """Return the points of the MOST_SITES sites with most URLs done, busiest first."""
        ranked = _busiest({name: site.last for name, site in self._followed.items()}, MOST_SITES)
        return {name: self._followed[name].series.points for name in ranked}

    def add(self, tick: Tick) -> None:
        """Take a tick, later than the last one, whose histograms the caller gives away."""
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
        for name in _busiest(tick.sites, MOST_SITES):
            if name not in self._followed:
                self._followed[name] = _Followed(Series(self._most_site_points), tick.sites[name])


def _busiest(sites: Mapping[str, SiteTick], most: int) -> list[str]:
    return sorted(sites, key=lambda name: (-sites[name].done, name))[:most]
