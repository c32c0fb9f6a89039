"""The metric families of a fake crawl."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from crawlproj.extensions.metric_families import BOUNDS_S, CrawlCollector, CrawlNow
from crawlproj.frontier.base import Totals
from crawlproj.latency import LatencyRecorder
from crawlproj.latency.recorder import PHASES
from crawlproj.limits.view import SiteView
from tests.frontier.helpers import Now

QUICK = {"queued": 0.001, "ttfb": 0.2, "transfer": 0.03}
OPEN = SiteView(in_flight=1, limit=4.0, rate=inf, blocked_s=0.0, state="open")

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@dataclass
class FakePermits:
    sites: dict[str, SiteView] = field(default_factory=dict)

    def views(self) -> dict[str, SiteView]:
        return self.sites


class Crawl:
    def __init__(self, max_sites: int = 50) -> None:
        self.recorder = LatencyRecorder(Now())
        self.permits = FakePermits()
        self.now = CrawlNow(
            recorder=self.recorder,
            in_flight=3,
            response_bytes=4096,
            totals=Totals(5, 2, 40, {"dns": 1}),
            queued=6,
            pages=38,
            permits=self.permits,
        )
        self._registry = CollectorRegistry()
        self._registry.register(CrawlCollector(lambda: self.now, max_sites))

    def scrape(self) -> Samples:
        text = generate_latest(self._registry).decode()
        return {
            (sample.name.removeprefix("crawlproj_"), tuple(sorted(sample.labels.items()))): (
                sample.value
            )
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def labels(self, name: str, label: str = "site") -> set[str]:
        return {dict(labels)[label] for found, labels in self.scrape() if found == name}


def test_the_metrics_of_the_crawl_come_from_scheduler_and_recorder() -> None:
    crawl = Crawl()
    crawl.recorder.record("a.test", QUICK)
    crawl.recorder.record("a.test", {"ttfb": 60.0}, "timeout")
    samples = crawl.scrape()
    assert samples["pages_total", ()] == 38
    assert samples["in_flight", ()] == 3
    assert samples["queued", ()] == 6
    assert samples["response_bytes_total", ()] == 4096
    assert samples["downloads_total", ()] == 1
    assert samples["download_errors_total", (("reason", "timeout"),)] == 1
    states = {"pending": 5, "leased": 2, "done": 40, "failed": 1, "skipped": 0}
    for state, count in states.items():
        assert samples["urls", (("state", state),)] == count


def test_each_phase_is_a_histogram() -> None:
    crawl = Crawl()
    for ttfb in (0.004, 0.2, 0.2, 200.0):
        crawl.recorder.record("a.test", {"ttfb": ttfb})
    crawl.recorder.lag(0.03)
    samples = crawl.scrape()
    assert crawl.labels("phase_seconds_count", "phase") == set(PHASES)
    buckets = {
        dict(labels)["le"]: value
        for (name, labels), value in samples.items()
        if name == "phase_seconds_bucket" and dict(labels)["phase"] == "ttfb"
    }
    assert len(buckets) == len(BOUNDS_S) + 1
    assert [buckets[le] for le in ("0.0025", "0.005", "0.25", "120.0")] == [0, 1, 3, 3]
    assert buckets["+Inf"] == samples["phase_seconds_count", (("phase", "ttfb"),)] == 4
    assert samples["phase_seconds_sum", (("phase", "ttfb"),)] == 200.404
    assert samples["event_loop_lag_seconds_count", ()] == 1


def test_the_busiest_sites_have_labels_and_the_others_share_one() -> None:
    crawl = Crawl(max_sites=2)
    for n in range(6):
        crawl.permits.sites[f"{n}.test"] = replace(OPEN, in_flight=n, blocked_s=float(6 - n))
        crawl.recorder.record(f"{n}.test", QUICK)
    samples = crawl.scrape()
    assert crawl.labels("site_in_flight") == {"5.test", "4.test", "other"}
    assert samples["site_in_flight", (("site", "5.test"),)] == 5
    assert samples["site_in_flight", (("site", "other"),)] == 0 + 1 + 2 + 3
    assert samples["site_limit", (("site", "other"),)] == 16
    assert samples["site_rate", (("site", "4.test"),)] == inf
    assert samples["site_blocked_seconds", (("site", "other"),)] == 6
    assert samples["sites", (("state", "open"),)] == 6
    assert crawl.labels("site_ttfb_seconds") == {"5.test", "4.test"}


def test_a_site_keeps_its_label_while_it_has_requests_in_flight() -> None:
    crawl = Crawl(max_sites=2)
    sites = crawl.permits.sites
    sites.update({"a": replace(OPEN, in_flight=3), "b": replace(OPEN, in_flight=2)})
    assert crawl.labels("site_limit") == {"a", "b"}
    sites.update({"c": replace(OPEN, in_flight=9), "b": replace(OPEN, in_flight=1)})
    assert crawl.labels("site_limit") == {"a", "b", "other"}
    sites["b"] = replace(OPEN, in_flight=0)
    assert crawl.labels("site_limit") == {"a", "c", "other"}


def test_the_number_of_series_is_bounded() -> None:
    crawl = Crawl(max_sites=5)
    for n in range(300):
        crawl.permits.sites[f"{n}.test"] = OPEN
        crawl.recorder.record(f"{n}.test", QUICK, f"http-{n}")
    assert len(crawl.scrape()) < 400
    assert crawl.labels("download_errors_total", "reason") >= {"http-0", "http-99", "other"}


def test_a_counter_never_falls() -> None:
    crawl = Crawl()
    before: Samples = {}
    for n in range(250):
        crawl.recorder.record("a.test", QUICK, f"http-{n * 7 % 130}")
        samples = crawl.scrape() if n % 25 == 0 else before
        for sample, value in before.items():
            if sample[0].endswith("_total"):
                assert samples[sample] >= value
        before = samples


def test_with_no_labels_allowed_all_sites_share_one() -> None:
    crawl = Crawl(max_sites=0)
    crawl.permits.sites["a.test"] = OPEN
    crawl.recorder.record("a.test", QUICK)
    assert crawl.labels("site_limit") == {"other"}
    assert crawl.labels("site_ttfb_seconds") == set()


def test_with_another_scheduler_only_the_recorders_metrics_exist() -> None:
    crawl = Crawl()
    crawl.now = replace(crawl.now, totals=None, queued=None, pages=None, permits=None)
    crawl.recorder.record("a.test", QUICK)
    names = {name for name, _ in crawl.scrape()}
    assert {"downloads_total", "phase_seconds_count", "site_ttfb_seconds"} <= names
    assert not {"pages_total", "urls", "queued", "site_limit"} & names
