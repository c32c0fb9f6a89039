"""Durations and outcomes by phase, site and interval."""

from __future__ import annotations

import gc
import json
from collections import Counter

import pytest

from crawlproj.latency import LatencyRecorder, recorder_of
from crawlproj.latency.recorder import OTHER, PHASES
from tests.frontier.helpers import Now

FIRST = {"permit": 4.0, "queued": 0.1, "dns": 0.2, "connect": 0.3, "ttfb": 1.0, "transfer": 0.4}
REUSED = {"queued": 0.1, "dns": 0.0, "connect": 0.0, "tls": 0.0, "ttfb": 0.5, "transfer": 0.1}


def recorder(**kwargs: int) -> LatencyRecorder:
    return LatencyRecorder(Now(), **kwargs)


def test_a_phase_that_did_not_happen_is_not_recorded() -> None:
    latency = recorder()
    latency.record("a.test", FIRST)
    latency.record("a.test", REUSED)
    counts = {phase: histogram.count for phase, histogram in latency.phases.items()}
    assert tuple(counts) == PHASES
    assert counts == dict.fromkeys(PHASES, 0) | {
        "permit": 1,
        "queued": 2,
        "dns": 1,
        "connect": 1,
        "ttfb": 2,
        "transfer": 2,
    }


def test_the_total_of_a_site_excludes_the_wait_for_a_permit() -> None:
    latency = recorder()
    latency.record("a.test", FIRST)
    latency.record("b.test", REUSED)
    site = latency.sites["a.test"]
    assert (site.ttfb.count, site.ttfb.max) == (1, 1.0)
    assert site.total.count == 1
    assert site.total.max == pytest.approx(2.0)
    assert (site.ok, site.requests, latency.ok) == (1, 1, 2)


def test_failures_are_recorded_with_the_time_they_took() -> None:
    latency = recorder()
    latency.record("a.test", {"queued": 0.1, "ttfb": 60.0}, "timeout")
    latency.record("a.test", {"queued": 0.2, "ttfb": 0.0}, "connection-refused")
    latency.record("a.test", FIRST)
    site = latency.sites["a.test"]
    assert site.errors == latency.errors == Counter({"timeout": 1, "connection-refused": 1})
    assert site.ttfb.max == 60.0
    assert (site.ttfb.count, site.total.count) == (2, 3)
    assert (site.ok, site.requests) == (1, 3)


def test_negative_durations_are_not_recorded() -> None:
    latency = recorder()
    latency.record("a.test", {"permit": -5.0, "unheard-of": 1.0})
    assert latency.phases["permit"].count == 0
    assert latency.ok == 1


def test_an_interval_holds_the_records_since_the_last_one() -> None:
    now = Now()
    latency = LatencyRecorder(now)
    latency.record("a.test", FIRST)
    latency.add("callback", 0.002)
    latency.lag(0.05)
    now.time += 1
    first = latency.take_interval()
    latency.record("a.test", REUSED, "http-503")
    now.time += 2
    second = latency.take_interval()
    assert (first.seconds, first.ok, first.errors, first.lag.count) == (1, 1, 0, 1)
    assert (first.ttfb.max, first.phases["callback"].max) == (1.0, 0.002)
    assert (second.seconds, second.ok, second.errors, second.lag.count) == (2, 0, 1, 0)
    assert (second.ttfb.count, second.ttfb.max) == (1, 0.5)
    assert latency.phases["ttfb"].count == 2
    assert latency.loop_lag.max == 0.05
    assert first.ttfb.count == 1, "an interval that was taken does not change"


def test_totals_are_the_same_whether_or_not_intervals_are_taken() -> None:
    plain, watched = recorder(), recorder()
    for latency in (plain, watched):
        for n in range(20):
            latency.record(f"{n % 3}.test", FIRST, "" if n % 5 else "timeout")
            if latency is watched and n % 4 == 0:
                latency.take_interval()
    for phase in PHASES:
        assert plain.phases[phase].data()["buckets"] == watched.phases[phase].data()["buckets"]
    assert plain.ok == watched.ok
    assert plain.errors == watched.errors


def test_the_sites_used_longest_ago_are_merged() -> None:
    latency = recorder(max_sites=3)
    for site in ("a", "b", "c", "a", "d", "e"):
        latency.record(site, FIRST, "timeout" if site == "b" else "")
    assert set(latency.sites) == {"d", "e", OTHER}
    other = latency.sites[OTHER]
    assert (other.requests, other.ok, other.ttfb.count) == (4, 3, 4)
    assert other.errors == {"timeout": 1}
    for n in range(50):
        latency.record(str(n), REUSED)
    assert len(latency.sites) == 3
    assert sum(site.requests for site in latency.sites.values()) == 56


def test_the_latest_site_is_never_merged() -> None:
    latency = recorder(max_sites=2)
    for n in range(5):
        latency.record(str(n), FIRST)
        assert latency.sites[str(n)].ok == 1
    with pytest.raises(ValueError, match="at least 2"):
        recorder(max_sites=1)


def test_the_records_of_two_workers_merge() -> None:
    ours, theirs = recorder(), recorder()
    ours.record("a.test", FIRST)
    theirs.record("a.test", REUSED, "timeout")
    theirs.record("b.test", REUSED)
    theirs.lag(0.2)
    theirs.take_interval()
    ours.merge(theirs)
    assert (ours.ok, ours.errors) == (2, Counter({"timeout": 1}))
    assert ours.phases["ttfb"].count == 3
    assert ours.loop_lag.max == 0.2
    assert ours.sites["a.test"].requests == 2
    assert (theirs.ok, theirs.phases["ttfb"].count) == (1, 2)


def test_a_recorder_survives_json() -> None:
    latency = recorder()
    latency.record("a.test", FIRST)
    latency.take_interval()
    latency.record("b.test", REUSED, "http-503")
    latency.lag(0.01)
    data = latency.data()
    again = LatencyRecorder.from_data(json.loads(json.dumps(data)), Now())
    assert again.data() == data
    assert (again.ok, again.errors) == (latency.ok, latency.errors)
    with pytest.raises(ValueError, match="malformed data of a latency recorder"):
        LatencyRecorder.from_data({"sites": []}, Now())


def test_each_crawler_has_one_recorder_which_is_freed_with_it() -> None:
    class Crawler:
        pass

    crawler, other = Crawler(), Crawler()
    assert recorder_of(crawler) is recorder_of(crawler)
    assert recorder_of(crawler) is not recorder_of(other)
    recorder_of(crawler).record("a.test", FIRST)
    del crawler
    gc.collect()
    assert recorder_of(Crawler()).ok == 0
