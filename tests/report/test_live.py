"""Snapshots of workers become one snapshot of the crawl."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from crawlproj.frontier.live import Tick, WorkerNews
from crawlproj.latency.histogram import Histogram
from crawlproj.report.live import (
    MAX_SITES,
    WAITING_SITES,
    Live,
    LiveSite,
    LiveTick,
    merged,
    merged_ticks,
)
from crawlproj.report.why import Why


def latency(*seconds: float) -> Histogram:
    found = Histogram()
    for one in seconds:
        found.record(one)
    return found


def live(worker: str, at: float, **changes: object) -> Live:
    base = Live((worker,), at, 900.0, "job", "site", 2)
    return replace(base, **changes)  # type: ignore[arg-type]


def news(*lives: Live) -> list[WorkerNews]:
    return [WorkerNews(one.workers[0], one.at, one.text()) for one in lives]


def test_a_snapshot_reads_as_it_was_written() -> None:
    site = LiveSite("ä.test", 3, 4.5, 2.0, 1.5, 10, 1, 7, 0.1, 0.9, Why("limit", "w", 1.0, 2.0))
    one = live(
        "w1", 1000.0, sites=(site,), failed={"dns": 3}, latency=latency(0.1).data(), held="paused"
    )
    assert Live.read(one.text()) == one


def test_what_another_version_wrote_is_left_out() -> None:
    one = live("w1", 1000.0)
    other = json.loads(one.text())
    del other["job"]
    texts = ["", "[]", "{}", json.dumps(other), one.text()]
    found = merged([WorkerNews("w", 1000.0, text) for text in texts])
    assert found is not None
    assert found.workers == ("w1",)
    assert merged([]) is None


def test_rates_add_up_and_the_counts_of_the_job_are_the_latest() -> None:
    first = live(
        "w1", 1000.0, pages_per_s=10.0, in_flight=4, budget=64, done=100, queued=50, cpu=0.5,
        memory_mb=80.0, errors={"dns": 1}, latency=latency(0.1, 0.1).data(), sites_known=2,
    )  # fmt: skip
    second = live(
        "w2", 1000.5, pages_per_s=5.0, in_flight=2, budget=64, done=110, queued=45, cpu=0.25,
        memory_mb=90.0, errors={"dns": 2, "tls": 1}, latency=latency(0.9).data(), sites_known=3,
        began=950.0,
    )  # fmt: skip
    found = merged(news(second, first))
    assert found is not None
    assert found.workers == ("w1", "w2")
    assert (found.pages_per_s, found.in_flight, found.budget, found.cpu) == (15.0, 6, 128, 0.75)
    assert (found.done, found.queued, found.memory_mb, found.sites_known) == (110, 50, 170.0, 5)
    assert (found.began, found.errors) == (900.0, {"dns": 3, "tls": 1})
    assert found.quantile(1.0) == 0.9
    median = found.quantile(0.5)
    assert median is not None
    assert 0.09 < median < 0.11


def test_a_crawl_is_held_only_if_every_worker_is() -> None:
    held, free = live("w1", 1000.0, held="paused by ann"), live("w2", 1001.0)
    for both, expected in (((held, free), ""), ((held, replace(free, held="paused")), "paused")):
        found = merged(news(*both))
        assert found is not None
        assert found.held == expected


def test_a_site_that_two_workers_have_is_there_once() -> None:
    limit, waits = Why("limit", "limited"), Why("nothing-waits", "")
    busy = LiveSite("a.test", 3, 4.0, done=5, pages_per_s=2.0, why=limit)
    leaving = LiveSite("a.test", 1, 9.0, done=7, pages_per_s=1.0, why=waits)
    idle = LiveSite("b.test", done=100)
    found = merged(
        news(live("w1", 1000.0, sites=(idle, leaving)), live("w2", 1000.0, sites=(busy,)))
    )
    assert found is not None
    assert [site.site for site in found.sites] == ["a.test", "b.test"]
    site = found.sites[0]
    assert (site.in_flight, site.limit, site.done, site.pages_per_s) == (4, 4.0, 12, 3.0)
    assert site.why == limit


def test_only_the_most_interesting_sites_are_kept() -> None:
    paused = LiveSite("z.test", why=Why("paused", "paused by ann"))
    many = tuple(LiveSite(f"{n}.test", done=n) for n in range(MAX_SITES + 10))
    found = merged(news(live("w1", 1000.0, sites=(*many, paused))))
    assert found is not None
    assert len(found.sites) == MAX_SITES
    assert found.sites[0] == paused
    assert found.sites[1].done == MAX_SITES + 9


@pytest.mark.parametrize("kind", ["asked", "login"])
def test_sites_that_wait_have_places_beside_those_with_requests_in_flight(kind: str) -> None:
    busy = tuple(LiveSite(f"{n}.test", in_flight=1) for n in range(MAX_SITES + 10))
    waiting = tuple(LiveSite(f"waits{n}.test", why=Why(kind, "why")) for n in range(30))
    found = merged(news(live("w1", 1000.0, sites=(*busy, *waiting))))
    assert found is not None
    assert len(found.sites) == MAX_SITES
    assert sum(site.why.kind == kind for site in found.sites) == WAITING_SITES
    assert found.sites[0].in_flight == 1


def test_ticks_of_the_same_second_become_one() -> None:
    one = LiveTick(0.0, 5.0, 2, 4.0, 10, 0.1, 0.5, 0.25, {"dns": 1.0})
    other = LiveTick(0.0, 3.0, 1, 2.0, 9, 0.2, 0.4, 0.5, {"dns": 2.0, "tls": 1.0})
    ticks = {
        "w1": [Tick(1000.2, one.text()), Tick(1001.2, one.text()), Tick(1001.9, "[broken")],
        "w2": [Tick(1000.9, other.text())],
    }
    assert merged_ticks(ticks) == [
        LiveTick(1000.0, 8.0, 3, 6.0, 10, 0.2, 0.5, 0.75, {"dns": 3.0, "tls": 1.0}),
        replace(one, at=1001.0),
    ]
    assert merged_ticks({}) == []
