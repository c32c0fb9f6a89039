"""The knee in closed systems: found from either side, and not confused with anything else.

These tests check the purpose of the limit, not its constants: wide tolerances, seeded sites.
"""

from __future__ import annotations

import random
from math import exp, inf
from statistics import mean, median
from typing import TYPE_CHECKING

import pytest

from crawlproj.limits.base import Bounds, Outcome, Sample, whole
from crawlproj.limits.decisions import Rule
from crawlproj.limits.ending import Verdict
from crawlproj.limits.knee import Knee
from crawlproj.limits.learned import Learned
from crawlproj.limits.site import SiteControl
from tests.limits.models import Client, Log, Servers

if TYPE_CHECKING:
    from collections.abc import Iterable


# Minutes of simulated answers; test_contract.py shows every estimator the same in less.
pytestmark = pytest.mark.slow

SEEDS = range(3)


# With a few servers, one or two requests more keep them busy although services differ.
def at_the_knee(logs: Iterable[Log], c: int, since: float) -> bool:
    limits = sorted(log.mean_limit(since) for log in logs)
    usual = 0.8 * c <= median(limits) <= max(1.6 * c, c + 1.9)
    return usual and limits[-2:][0] <= max(2 * c, c + 2.5)  # one run may take longer


# A busier site shows as much in less time.
capacities = pytest.mark.parametrize(("c", "time_s"), [(1, 300), (2, 200), (8, 80), (24, 30)])


def client(site: Servers, start: float = 2.0, maximum: float = 128.0) -> Client:
    return Client(SiteControl(Knee(Bounds(start, 0.1, maximum)), None, None), site)


def settled(seed: int) -> tuple[Servers, Client]:
    """Return a site of 16 workers, and its client after a minute."""
    servers = Servers(16, seed=seed)
    site = client(servers)
    site.run(60)
    return servers, site


def throughput(log: Log, since: float, until: float) -> float:
    return log.of(Verdict.OK, since, until) / (until - since)


@capacities
def test_it_settles_at_the_knee_from_below(c: int, time_s: int) -> None:
    logs = [client(Servers(c, seed=seed)).run(time_s) for seed in SEEDS]
    settled, end = 1000 + time_s / 2, 1000 + time_s
    assert at_the_knee(logs, c, settled)
    assert all(throughput(log, settled, end) >= 0.8 * c / 0.105 for log in logs)


def test_a_queue_present_from_the_start_is_recognised() -> None:
    # Two in flight at a single server: from the first request on, each waits for the other.
    limits = [client(Servers(1, seed=seed)).run(120).mean_limit(1020) for seed in range(12)]
    assert median(limits) < 2.5
    assert max(limits) <= 4


@capacities
def test_it_settles_at_the_knee_from_above(c: int, time_s: int) -> None:
    logs = []
    for seed in SEEDS:
        site = client(Servers(c, seed=seed))
        site.control.recall(Learned(4 * c, float("inf"), 0.1, 1000.0), 1000.0)
        logs.append(site.run(time_s))
    assert at_the_knee(logs, c, 1000 + time_s / 2)


@capacities
def test_it_settles_although_it_began_with_an_overload(c: int, time_s: int) -> None:
    logs = [client(Servers(c, seed=seed), start=4.0 * c).run(time_s + 20) for seed in SEEDS]
    assert at_the_knee(logs, c, 1020 + time_s / 2)


def test_a_lasting_overload_is_not_mistaken_for_normal() -> None:
    logs = []
    for seed in SEEDS:
        servers, site = settled(seed)
        # The same site with a quarter of its capacity, for good.
        servers._free_at = servers._free_at[:4]
        logs.append(site.run(400))
    assert at_the_knee(logs, 4, 1260)


def test_a_section_of_expensive_pages_is_not_mistaken_for_lost_workers() -> None:
    logs = []
    for seed in SEEDS:
        servers, site = settled(seed)
        servers.service_s *= 25
        logs.append(site.run(60))
    assert median(log.mean_limit(1060) for log in logs) >= 12  # of 64 seeds, half have 15


def test_a_site_that_becomes_slower_keeps_its_limit() -> None:
    servers = Servers(8)
    site = client(servers)
    site.run(60)
    servers.service_s = 0.4
    log = site.run(600)
    assert log.mean_limit(1300) >= 0.8 * 8
    assert throughput(log, 1300, 1660) >= 0.75 * 8 / 0.42


def test_the_limit_follows_a_site_that_grows() -> None:
    servers = Servers(4)
    site = client(servers)
    site.run(60)
    servers._free_at = [*servers._free_at, *[site.now] * 12]
    log = site.run(100)
    assert at_the_knee([log], 16, 1100)


@pytest.mark.parametrize("k", [2, 8, 24])
def test_it_settles_just_below_the_number_that_a_site_refuses(k: int) -> None:
    site = client(Servers(64, refuse_above=k))
    log = site.run(200)
    assert 0.6 * k <= log.mean_limit(1100) <= k + 1
    assert log.share(Verdict.OVERLOADED, 1100) < 0.03


def test_a_few_random_drops_do_not_lower_it() -> None:
    clean, lossy = (client(Servers(16, drops=drops)) for drops in (0.0, 0.02))
    for site in (clean, lossy):
        site.run(120)
    assert lossy.log.mean_limit(1040) >= 0.8 * clean.log.mean_limit(1040)


def test_it_keeps_to_its_bounds_when_the_knee_is_beyond_them() -> None:
    site = client(Servers(64), maximum=8.0)
    log = site.run(200)
    assert log.mean_limit(1100) >= 0.9 * 8
    assert max(limit for _, _, limit in log.ends) <= 8


def test_the_unloaded_latency_is_measured() -> None:
    site = client(Servers(8))
    site.run(100)
    learned = site.control.learned()
    assert learned is not None
    # Of the quicker half: 0.8 standard deviations below the median of 0.1 s.
    assert learned.unloaded_s == pytest.approx(0.079, rel=0.3)


@pytest.mark.parametrize("sigma", [0.3, 0.7, 1.0])
def test_a_single_worker_never_has_a_limit_above_two_for_more_than_eight_answers(
    sigma: float,
) -> None:
    for seed in range(10):
        log = client(Servers(1, sigma=sigma, seed=seed), start=1).run(100)
        in_a_row = 0
        for _, _, limit in log.ends:
            in_a_row = in_a_row + 1 if whole(limit) > 2 else 0
            assert in_a_row <= 8, seed  # the last requests above it are answered after that


def test_answers_that_all_come_in_order_show_a_single_worker_whose_pages_differ_much() -> None:
    longest = []
    for seed in range(40):
        log = client(Servers(1, sigma=1.3, seed=seed), start=1).run(100)
        above = "".join(">" if whole(limit) > 2 else " " for _, _, limit in log.ends)
        longest.append(max(map(len, above.split()), default=0))
    assert max(longest) <= 12  # 102 where only latencies count
    assert sum(answers > 8 for answers in longest) <= 2


@pytest.mark.parametrize("sigma", [0.2, 0.3, 0.4])
def test_two_workers_have_three_in_flight_though_their_answers_come_in_order(sigma: float) -> None:
    with_two = []
    for seed in range(4):
        log = client(Servers(2, sigma=sigma, seed=seed), start=1).run(200)
        with_two += [whole(limit) <= 2 for _, _, limit in log.ends[100:]]
    assert mean(with_two) < 0.1  # 0.5 where order counts however alike the pages are


def answers_until_eight(seed: int, *, announced: bool) -> int:
    """Return the answers until more than eight may be in flight, of a site that has no queue."""
    dice, limit, now = random.Random(seed), Knee(Bounds(1, 1, 64)), 0.0  # noqa: S311 - no secret
    for number in range(1000):
        in_flight = whole(limit.limit)
        if in_flight > 8:
            return number
        start = limit.on_start(in_flight, now) if announced else None
        ended = now + 0.1 * exp(dice.gauss(0, 1.0))
        limit.on_sample(Sample(now, ended, ended - now, in_flight, start=start))
        now = ended
    return 1000


def test_the_order_of_the_answers_shows_nothing_where_their_starts_are_not_announced() -> None:
    in_order = median(answers_until_eight(seed, announced=True) for seed in range(40))
    assert median(answers_until_eight(seed, announced=False) for seed in range(40)) < in_order


def test_one_group_that_is_quick_by_chance_does_not_rule_out_a_single_worker() -> None:
    # Slow answers first hide the queue that the next ones meet, with two and with five in flight.
    latencies_s = [0.16, 0.15, 0.17, 0.05, 0.06, 0.05, 0.06, 0.055, 0.06, *[0.12] * 7]
    limit, now = Knee(Bounds(1, 1, 64)), 0.0
    allowed = []
    for latency_s in latencies_s:
        in_flight = whole(limit.limit)
        start = limit.on_start(in_flight, now)
        now += latency_s
        limit.on_sample(Sample(now - latency_s, now, latency_s, in_flight, start=start))
        allowed.append(whole(limit.limit))
    assert max(allowed) == 5
    assert allowed[-1] == 2  # after seven answers with more than two in flight


def test_a_doubt_about_a_single_worker_ends_with_the_answers_that_deny_it() -> None:
    shares = sorted(
        throughput(client(Servers(20, seed=seed), start=1).run(3), 1000, 1003) / (20 / 0.1)
        for seed in range(40)
    )
    assert shares[4] >= 0.5  # 0.3 where two in flight are waited for first


def test_a_quick_site_is_known_within_half_a_second() -> None:
    for seed in range(5):
        log = client(Servers(32, 0.005, seed=seed), start=1).run(1)
        assert throughput(log, 1000.4, 1001) >= 0.8 * 32 / 0.0052


def test_a_site_that_had_several_workers_is_not_asked_again_whether_it_has_one() -> None:
    for seed in range(10):
        known = client(Servers(16, seed=seed))
        known.control.estimator.restart(8, 0.1)
        assert min(limit for _, _, limit in known.run(5).ends) > 2


def test_several_workers_are_not_held_for_one_because_a_few_pages_take_very_long() -> None:
    # Of thirty sites, two may begin with pages that take longer than the whole run.
    shares = sorted(
        throughput(client(Servers(4, 0.5, sigma=1.6, seed=seed), start=1).run(300), 1000, 1300)
        for seed in range(30)
    )
    most = 4 / (0.5 * exp(1.6**2 / 2))
    assert shares[2] >= 0.7 * most


def test_the_limit_does_not_slide_while_nothing_changes() -> None:
    # 26 in flight are ideal: 20 servers, and a round trip. Every tenth of the run is judged alone.
    for seed in range(3):
        log = client(Servers(20, sigma=0.5, seed=seed)).run(60)
        for since in range(1010, 1060, 10):
            assert throughput(log, since, since + 10) >= 0.6 * 20 / 0.113, f"{seed}: {since}"


def test_a_limit_that_is_far_too_low_recovers_within_a_few_rounds() -> None:
    # As after an outage: nothing that was believed about the knee holds it down.
    for seed in range(6):
        site = client(Servers(20, seed=seed))
        site.control.recall(Learned(3, inf, 0.1, 1000.0), 1000.0)
        log = site.run(12)
        assert throughput(log, 1004, 1012) >= 0.8 * 20 / 0.105


def test_a_capacity_that_comes_back_is_found() -> None:
    for seed in range(3):
        servers = Servers(5, seed=seed)
        site = client(servers)
        site.run(60)
        servers._free_at = [*servers._free_at, *[site.now] * 15]
        log = site.run(12)
        assert throughput(log, 1066, 1072) >= 0.8 * 20 / 0.105, f"{seed}"


def test_a_change_of_the_limit_names_its_rule_and_evidence() -> None:
    site = client(Servers(8))
    site.run(60)
    decisions = site.control.decisions.latest()
    assert {Rule.KNEE, Rule.LOOK} <= {each.reason.rule for each in decisions}
    assert [each.at for each in decisions] == sorted(each.at for each in decisions)
    last = [each for each in decisions if each.reason.rule is Rule.KNEE][-1]
    assert 5 <= last.reason.knee <= 13
    assert 1 <= last.reason.load <= 20
    assert last.reason.unloaded_s == pytest.approx(0.1, rel=0.4)
    assert 0.05 < last.reason.latency_s < 0.4


def test_requests_sent_before_a_cut_do_not_cause_another() -> None:
    knee = Knee(Bounds(8, 0.1, 64))
    for n in range(8):
        knee.on_sample(Sample(1000.0, 1001.0 + n / 100, 0.0, 8, Outcome.DROPPED))
    once = knee.limit
    assert 4 <= once < 8
    for n in range(8):
        knee.on_sample(Sample(1000.0, 1001.5 + n / 100, 0.0, 8, Outcome.DROPPED))
    assert knee.limit == once
