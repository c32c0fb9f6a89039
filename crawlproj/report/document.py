"""The report as data: the content of report.json, which the page draws. Pure.

Durations are in seconds, measured numbers have four significant digits, unknown values are null::

    schema       1; raised when a field changes its meaning or is removed
    crawl        spider, job, generation, state ("running", "finished" or "stopped"), reason,
                 places [text], started_at and written_at (unix seconds), duration_s
    summary      pages (URLs done in this run), failed and skipped {reason: URLs},
                 pages_per_s, ttfb_s {count, mean, p50, p90, p99, p999, max}, loop_lag_s (likewise),
                 errors {reason: attempts}, sites (their number)
    phases       {phase: {count, mean, p50, p90, p99, p999, max}}, in the order of a request;
                 requests that skip a phase do not count in it
    timeline     columns of equal length, a row per span of time, oldest first:
                 start_s (since the crawl began), span_s, pages_per_s, limit and limit_most,
                 in_flight and in_flight_most (mean and maximum over the span, added up over
                 the sites with requests in flight),
                 ttfb_p50_s, ttfb_p90_s, ttfb_p99_s, ttfb_max_s, lag_p50_s, lag_p99_s, lag_max_s,
                 errors_per_s {reason: column}: the eight most frequent reasons, and "other"
    site_timelines
                 the busiest sites, busiest first: {site: columns}: start_s, span_s, pages_per_s,
                 errors_per_s, limit, in_flight, in_flight_most, ttfb_mean_s
    decisions    the latest changes of the limits of the busiest sites, oldest first: {site:
                 columns}: at_s (since the crawl began), before, after, rule ("knee", "look",
                 "late", "refused", "restart", "sample"; see limits/decisions.py), load,
                 latency_s, knee, unloaded_s
    sites        columns of equal length, a row per site, busiest first: site, done, errors, limit,
                 in_flight, rate_limit (requests/s; null: none), pages_per_s (over the
                 crawl), p50_s, p99_s (time to first byte), blocked_s (until a request may
                 start), state (see sites.py)
    sites_left_out
                 number of sites beyond the 5,000 busiest, which have no row
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from crawlproj.report.counts import by_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crawlproj.latency.histogram import Histogram
    from crawlproj.limits.decisions import Decision
    from crawlproj.report.sites import SiteRow
    from crawlproj.report.timeline import Point, SitePoint, Timeline

SCHEMA = 1
MAX_SITES = 5000
_MAX_REASONS = 8
_OTHER = "other"


@dataclass(frozen=True, slots=True)
class Crawl:
    """The identity and state of the crawl; see the module docstring."""

    spider: str
    job: str
    generation: int
    state: str
    reason: str
    places: tuple[str, ...]
    started_at: float
    written_at: float
    duration_s: float


def document(
    crawl: Crawl,
    timeline: Timeline,
    *,
    pages: int,
    failed: Mapping[str, int],
    skipped: Mapping[str, int],
    phases: Mapping[str, Histogram],
    lag: Histogram,
    decisions: Mapping[str, Sequence[Decision]],
    rows: Sequence[SiteRow],
    sites: int,
) -> dict[str, Any]:
    """Return the report; see the module docstring.

    phases: in order; "ttfb" is one of them. decisions: by site. rows: the sites to show, out of
    ``sites``.
    """
    errors = Counter[str]()
    for point in timeline.points:
        errors.update(point.errors)
    busiest = sorted(rows, key=lambda row: (-row.done, row.site))[:MAX_SITES]
    return {
        "schema": SCHEMA,
        "crawl": {**asdict(crawl), "places": list(crawl.places)},
        "summary": {
            "pages": pages,
            "failed": dict(by_count(failed)),
            "skipped": dict(by_count(skipped)),
            "errors": dict(by_count(errors)),
            "pages_per_s": _short(pages / crawl.duration_s if crawl.duration_s else 0.0),
            "ttfb_s": _quantiles(phases["ttfb"]),
            "loop_lag_s": _quantiles(lag),
            "sites": sites,
        },
        "phases": {name: _quantiles(histogram) for name, histogram in phases.items()},
        "timeline": _timeline(timeline.points, errors),
        "site_timelines": {site: _site(points) for site, points in timeline.busiest().items()},
        "decisions": {
            site: _decisions(changes, crawl.started_at) for site, changes in decisions.items()
        },
        "sites": _sites(busiest),
        "sites_left_out": sites - len(busiest),
    }


def _timeline(points: Sequence[Point], errors: Counter[str]) -> dict[str, Any]:
    named = [reason for reason, _ in by_count(errors)[:_MAX_REASONS]]
    by_reason: dict[str, list[float | None]] = {
        reason: _column(point.errors[reason] / point.span_s for point in points) for reason in named
    }
    if len(errors) > len(named):
        by_reason[_OTHER] = _column(
            sum(count for reason, count in point.errors.items() if reason not in by_reason)
            / point.span_s
            for point in points
        )
    return {
        "start_s": [round(point.start_s, 2) for point in points],
        "span_s": [round(point.span_s, 2) for point in points],
        "pages_per_s": _column(point.done / point.span_s for point in points),
        "errors_per_s": by_reason,
        "limit": _column(point.limit.mean for point in points),
        "limit_most": _column(point.limit.max for point in points),
        "in_flight": _column(point.in_flight.mean for point in points),
        "in_flight_most": _column(point.in_flight.max for point in points),
        "ttfb_p50_s": _column(_quantile(point.ttfb, 0.5) for point in points),
        "ttfb_p90_s": _column(_quantile(point.ttfb, 0.9) for point in points),
        "ttfb_p99_s": _column(_quantile(point.ttfb, 0.99) for point in points),
        "ttfb_max_s": _column(_quantile(point.ttfb, 1.0) for point in points),
        "lag_p50_s": _column(_quantile(point.lag, 0.5) for point in points),
        "lag_p99_s": _column(_quantile(point.lag, 0.99) for point in points),
        "lag_max_s": _column(_quantile(point.lag, 1.0) for point in points),
    }


def _site(points: Sequence[SitePoint]) -> dict[str, Any]:
    return {
        "start_s": [round(point.start_s, 2) for point in points],
        "span_s": [round(point.span_s, 2) for point in points],
        "pages_per_s": _column(point.done / point.span_s for point in points),
        "errors_per_s": _column(point.errors / point.span_s for point in points),
        "limit": _column(point.limit.mean for point in points),
        "in_flight": _column(point.in_flight.mean for point in points),
        "in_flight_most": _column(point.in_flight.max for point in points),
        "ttfb_mean_s": _column(
            point.ttfb_sum_s / point.ttfb_count if point.ttfb_count else None for point in points
        ),
    }


def _sites(rows: Sequence[SiteRow]) -> dict[str, Any]:
    return {
        "site": [row.site for row in rows],
        "done": [row.done for row in rows],
        "errors": [row.errors for row in rows],
        "limit": _column(row.limit for row in rows),
        "in_flight": [row.in_flight for row in rows],
        "rate_limit": _column(row.rate_limit for row in rows),
        "pages_per_s": _column(row.pages_per_s for row in rows),
        "p50_s": _column(row.p50_s for row in rows),
        "p99_s": _column(row.p99_s for row in rows),
        "blocked_s": _column(row.blocked_s for row in rows),
        "state": [row.state for row in rows],
    }


def _quantiles(histogram: Histogram) -> dict[str, float | None]:
    count = histogram.count
    return {
        "count": count,
        "mean": _short(histogram.sum / count if count else None),
        "p50": _short(_quantile(histogram, 0.5)),
        "p90": _short(_quantile(histogram, 0.9)),
        "p99": _short(_quantile(histogram, 0.99)),
        "p999": _short(_quantile(histogram, 0.999)),
        "max": _short(_quantile(histogram, 1.0)),
    }


def _quantile(histogram: Histogram, q: float) -> float | None:
    if not histogram.count:
        return None
    return histogram.max if q == 1.0 else histogram.quantile(q)


def _decisions(changes: Sequence[Decision], began: float) -> dict[str, Any]:
    reasons = [change.reason for change in changes]
    return {
        "at_s": [round(change.at - began, 3) for change in changes],
        "before": _column(change.before for change in changes),
        "after": _column(change.after for change in changes),
        "rule": [reason.rule.name.lower() for reason in reasons],
        "load": _column(reason.load or None for reason in reasons),
        "latency_s": _column(reason.latency_s or None for reason in reasons),
        "knee": _column(reason.knee or None for reason in reasons),
        "unloaded_s": _column(reason.unloaded_s or None for reason in reasons),
    }


def _column(values: Iterable[float | None]) -> list[float | None]:
    return [_short(value) for value in values]


def _short(value: float | None) -> float | None:
    # JSON has no infinity, and four digits keep a page with thousands of points small.
    if value is None or not isfinite(value):
        return None
    return float(f"{value:.4g}")
