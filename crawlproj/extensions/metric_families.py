"""The Prometheus metrics: a snapshot of a crawl in, metric families out. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from heapq import nlargest
from math import inf
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from prometheus_client.core import Metric

    from crawlproj.frontier.base import Totals
    from crawlproj.latency.histogram import Histogram
    from crawlproj.latency.recorder import LatencyRecorder
    from crawlproj.limits.view import SiteView

BOUNDS_S = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0),
)
"""Upper bounds of the histograms' buckets, in seconds."""

_OTHER = "other"
_MAX_REASONS = 100
_QUANTILES = (0.5, 0.95)


@runtime_checkable
class Viewable(Protocol):
    """Permits that give a view of each site."""

    def views(self) -> Mapping[str, SiteView]:
        """Return the state of each site; see limits.permits.Permits."""


@dataclass(frozen=True, slots=True)
class CrawlNow:
    """The state of the crawl that the metrics are made from.

    in_flight: requests downloading. response_bytes: downloaded so far. queued: URLs that wait for
    their turn. totals, queued, pages and permits come from the scheduler and are None if it is not
    this project's. permits: read if they are Viewable.
    """

    recorder: LatencyRecorder
    in_flight: int
    response_bytes: int
    totals: Totals | None
    queued: int | None
    pages: int | None
    permits: object


class CrawlCollector(Collector):
    """Calls ``now()`` at each scrape.

    max_sites: how many sites have a label of their own, so that a crawl of a million sites does not
    make a million series. Sites with requests in flight keep the label they had at the last scrape;
    the busiest others get the free ones. All other sites share ``site="other"``, as do reasons of
    failures after the first 100.
    """

    def __init__(self, now: Callable[[], CrawlNow], max_sites: int) -> None:
        self._now = now
        self._max_sites = max_sites
        self._labelled: list[str] = []
        self._reasons: set[str] = set()

    def describe(self) -> list[Metric]:
        """Return nothing, because a registry calls this before the crawl starts."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield everything as of now."""
        now = self._now()
        yield from self._crawl(now)
        yield from self._latency(now.recorder)
        yield from self._sites(now)

    def _crawl(self, now: CrawlNow) -> Iterator[Metric]:
        if now.pages is not None:
            yield CounterMetricFamily("crawlproj_pages", "URLs done by this run.", now.pages)
        if now.totals is not None:
            urls = GaugeMetricFamily(
                "crawlproj_urls", "URLs of the job by state, over all runs.", labels=["state"]
            )
            for state, count in (
                ("pending", now.totals.pending),
                ("leased", now.totals.leased),
                ("done", now.totals.done),
                ("failed", sum(now.totals.failed.values())),
                ("skipped", sum(now.totals.skipped.values())),
            ):
                urls.add_metric([state], count)
            yield urls
        if now.queued is not None:
            yield GaugeMetricFamily(
                "crawlproj_queued", "URLs that wait for their turn.", now.queued
            )
        yield GaugeMetricFamily("crawlproj_in_flight", "Requests downloading.", now.in_flight)
        yield CounterMetricFamily(
            "crawlproj_response_bytes", "Bytes of the responses.", now.response_bytes
        )
        yield CounterMetricFamily(
            "crawlproj_downloads", "Downloads with a good answer.", now.recorder.ok
        )
        errors = CounterMetricFamily(
            "crawlproj_download_errors", "Failed downloads by reason.", labels=["reason"]
        )
        others = 0
        for reason, count in now.recorder.errors.items():
            # A reason that counts as other stays other, because a counter must never fall.
            if reason in self._reasons or len(self._reasons) < _MAX_REASONS:
                self._reasons.add(reason)
                errors.add_metric([reason], count)
            else:
                others += count
        if others:
            errors.add_metric([_OTHER], others)
        yield errors

    def _latency(self, recorder: LatencyRecorder) -> Iterator[Metric]:
        phases = HistogramMetricFamily(
            "crawlproj_phase_seconds", "Time spent in each phase of requests.", labels=["phase"]
        )
        for phase, histogram in recorder.phases.items():
            phases.add_metric([phase], *_cumulated(histogram))
        yield phases
        lag = HistogramMetricFamily(
            "crawlproj_event_loop_lag_seconds", "How late the event loop ran a timer.", labels=[]
        )
        lag.add_metric([], *_cumulated(recorder.loop_lag))
        yield lag

    def _sites(self, now: CrawlNow) -> Iterator[Metric]:
        views = now.permits.views() if isinstance(now.permits, Viewable) else {}
        known = now.recorder.sites
        self._choose(views, {site: latency.requests for site, latency in known.items()})
        labelled = set(self._labelled)
        rest = [view for site, view in views.items() if site not in labelled]
        states = GaugeMetricFamily("crawlproj_sites", "Sites by state.", labels=["state"])
        for state, count in Counter(view.state for view in views.values()).items():
            states.add_metric([state], count)
        yield states
        for name, text, read, combine in _SITE_GAUGES:
            gauge = GaugeMetricFamily(f"crawlproj_site_{name}", text, labels=["site"])
            for site in self._labelled:
                if site in views:
                    gauge.add_metric([site], read(views[site]))
            if rest:
                gauge.add_metric([_OTHER], combine(map(read, rest)))
            yield gauge
        ttfb = GaugeMetricFamily(
            "crawlproj_site_ttfb_seconds",
            "Time to first byte so far.",
            labels=["site", "quantile"],
        )
        for site in self._labelled:
            if site in known and known[site].ttfb.count:
                for q in _QUANTILES:
                    ttfb.add_metric([site, f"{q:g}"], known[site].ttfb.quantile(q))
        yield ttfb

    def _choose(self, views: Mapping[str, SiteView], requests: dict[str, int]) -> None:
        def busy(site: str) -> tuple[int, int]:
            return views[site].in_flight if site in views else 0, requests.get(site, 0)

        kept = [site for site in self._labelled if busy(site)[0]][: self._max_sites]
        others = (views.keys() | requests.keys()) - set(kept)
        self._labelled = kept + nlargest(self._max_sites - len(kept), others, key=busy)


def _worst(values: Iterator[float]) -> float:
    return max(values)


_SITE_GAUGES: tuple[
    tuple[str, str, Callable[[SiteView], float], Callable[[Iterator[float]], float]], ...
] = (
    ("in_flight", "Requests in flight at the site.", lambda view: view.in_flight, sum),
    ("limit", "Requests that may be in flight at the site.", lambda view: view.limit, sum),
    ("rate", "Requests a second that may start at the site.", lambda view: view.rate, sum),
    (
        "blocked_seconds",
        "Time until a request may start.",
        lambda view: view.blocked_s,
        _worst,
    ),
)
"""Name, help text, value of a site, and how to combine the values of sites without a label."""


def _cumulated(histogram: Histogram) -> tuple[list[tuple[str, float]], float]:
    counts = [*histogram.counts_up_to(BOUNDS_S), histogram.count]
    bounds = map(floatToGoString, [*BOUNDS_S, inf])
    return list(zip(bounds, counts, strict=True)), histogram.sum
