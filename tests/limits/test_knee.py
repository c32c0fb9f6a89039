"""The knee in closed systems: found from either side, and not mistaken for anything else.

These pin what the limit is for, not its constants: the bands are wide, the sites are seeded.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import pytest

from crawlproj.limits.base import Bounds, Outcome, Sample
from crawlproj.limits.knee import Knee
from crawlproj.limits.learned import Learned
from crawlproj.limits.site import SiteControl, Verdict
from tests.limits.models import Client, Log, Servers

if TYPE_CHECKING:
    from collections.abc import Iterable


SEEDS = range(5)


# Whole requests are in flight: at a single server one more is a fine queue.
def at_the_knee(logs: Iterable[Log], c: int, since: float) -> bool:
    limits = sorted(log.mean_limit(since) for log in logs)
    usual = 0.8 * c <= median(limits) <= max(1.6 * c, c + 1.4)
    return usual and limits[-2:][0] <= max(2 * c, c + 2.5)  # one may take longer


capacities = pytest.mark.parametrize("c", [1, 2, 8, 32])


def client(site: Servers, start: float = 2.0, most: float = 128.0) -> Client:
    return Client(SiteControl(Knee(Bounds(start, 0.1, most)), None, None), site)


def throughput(log: Log, since: float, until: float) -> float:
    return log.of(Verdict.OK, since, until) / (until - since)


@capacities
def test_it_settles_at_the_knee_from_below(c: int) -> None:
    logs = [client(Servers(c, seed=seed)).run(300) for seed in SEEDS]
    assert at_the_knee(logs, c, 1150)
    assert all(throughput(log, 1150, 1300) >= 0.8 * c / 0.105 for log in logs)


def test_a_queue_that_was_there_from_the_start_is_not_taken_for_the_site() -> None:
    # Two in flight at a single server: each of them waits for the other from the first on.
    limits = [client(Servers(1, seed=seed)).run(120).mean_limit(1020) for seed in range(12)]
    assert median(limits) <= 1.6
    assert max(limits) <= 4


@capacities
def test_it_settles_at_the_knee_from_above(c: int) -> None:
    logs = []
    for seed in SEEDS:
        site = client(Servers(c, seed=seed))
        site.control.recall(Learned(4 * c, float("inf"), 0.1, 1000.0), 1000.0)
        logs.append(site.run(300))
    assert at_the_knee(logs, c, 1150)


@capacities
def test_it_settles_though_it_began_with_an_overload_and_knew_no_better(c: int) -> None:
    logs = [client(Servers(c, seed=seed), start=4.0 * c).run(400) for seed in SEEDS]
    assert at_the_knee(logs, c, 1250)


def test_a_lasting_overload_is_not_taken_for_normal() -> None:
    servers = Servers(16)
    site = client(servers)
    site.run(200)
    # The same site with a quarter of its capacity, for good.
    servers._free_at = servers._free_at[:4]
    log = site.run(900)
    assert at_the_knee([log], 4, 1700)


def test_a_site_that_serves_as_many_at_once_more_slowly_is_not_choked() -> None:
    servers = Servers(8)
    site = client(servers)
    site.run(200)
    servers.service_s = 0.4
    log = site.run(1200)
    assert log.mean_limit(1900) >= 0.8 * 8
    assert throughput(log, 1900, 2400) >= 0.75 * 8 / 0.42


def test_a_site_that_grows_is_followed() -> None:
    servers = Servers(4)
    site = client(servers)
    site.run(200)
    servers._free_at = [*servers._free_at, *[site.now] * 12]
    log = site.run(600)
    assert at_the_knee([log], 16, 1600)


@pytest.mark.parametrize("k", [2, 8, 24])
def test_refusals_above_a_number_keep_it_at_that_number(k: int) -> None:
    site = client(Servers(64, refuse_above=k))
    log = site.run(600)
    assert 0.6 * k <= log.mean_limit(1300) <= k + 1
    assert log.share(Verdict.OVERLOADED, 1300) < 0.03


def test_a_few_random_drops_do_not_shrink_it() -> None:
    clean, lossy = (client(Servers(16, drops=drops)) for drops in (0.0, 0.02))
    for site in (clean, lossy):
        site.run(400)
    assert lossy.log.mean_limit(1150) >= 0.8 * clean.log.mean_limit(1150)


def test_it_keeps_to_its_bounds_where_the_knee_is_beyond() -> None:
    site = client(Servers(64), most=8.0)
    log = site.run(200)
    assert log.mean_limit(1100) >= 0.9 * 8
    assert max(limit for _, _, limit in log.ends) <= 8


def test_the_latency_without_a_queue_is_known() -> None:
    site = client(Servers(8))
    site.run(300)
    learned = site.control.learned()
    assert learned is not None
    assert learned.unloaded_s == pytest.approx(0.1, rel=0.3)


def test_a_cut_does_not_count_what_was_sent_before_it() -> None:
    knee = Knee(Bounds(8, 0.1, 64))
    for n in range(8):
        knee.on_sample(Sample(1000.0, 1001.0 + n / 100, 0.0, 8, Outcome.DROPPED))
    once = knee.limit
    assert 4 <= once < 8
    for n in range(8):
        knee.on_sample(Sample(1000.0, 1001.5 + n / 100, 0.0, 8, Outcome.DROPPED))
    assert knee.limit == once
