"""The rate: enforced, measured, announced, never exceeded."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlproj.limits.base import Bounds
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.fixed import Fixed
from crawlproj.limits.headers import RatePolicy
from crawlproj.limits.rate import RateLimit
from crawlproj.limits.site import SiteControl
from tests.limits.models import Bucket, Client, Site, Window, dice
from tests.properties import examples

BURST_S = 0.1  # more than a late start may catch up
SLACK = 1e-6


def limit(maximum: float = inf) -> RateLimit:
    return RateLimit(dice(1), maximum)


def client(site: Site, rate: RateLimit | None = None, in_flight: int = 32) -> Client:
    bounds = Bounds(in_flight, in_flight, in_flight)
    return Client(SiteControl(Fixed(bounds), rate or limit(), None), site)


def test_without_any_refusal_nothing_is_held_back() -> None:
    rate = limit()
    assert rate.rate == inf
    assert rate.room(1000.0) == inf
    for _ in range(100):
        rate.on_start(1000.0)
    assert rate.ready_at() <= 1000


@given(per_s=st.floats(0.01, 1000), gaps=st.lists(st.floats(0, 5), min_size=2, max_size=60))
def test_starts_never_exceed_the_rate_and_its_burst(per_s: float, gaps: list[float]) -> None:
    rate = limit(per_s)
    now = 1000.0
    starts: list[float] = []
    for gap in gaps:
        now += gap
        while rate.ready_at() <= now and len(starts) < 300:
            assert rate.room(now) >= 1
            rate.on_start(now)
            starts.append(now)
    for first in range(len(starts)):
        for last in range(first, len(starts)):
            span_s = starts[last] - starts[first]
            assert last - first + 1 <= per_s * (span_s + BURST_S) + 1 + SLACK


def test_no_start_is_early_after_a_pause_because_a_limiter_may_have_no_burst() -> None:
    rate = limit(10.0)
    rate.on_start(1000.0)
    rate.on_start(1005.0)
    assert rate.ready_at() == pytest.approx(1005.1)


def test_refusals_of_early_starts_end_the_catching_up_and_others_bring_it_back() -> None:
    rate = limit(10.0)
    rate.on_start(1000.0)
    rate.on_start(1000.14)
    assert rate.ready_at() == pytest.approx(1000.2)
    assert rate.on_start(1000.2)
    for _ in range(4):
        rate.on_refused(1000.21, 1000.2, None, early=True)
    ready_at = rate.ready_at()
    assert not rate.on_start(ready_at + 0.04)
    assert rate.ready_at() >= ready_at + 0.04 + 1 / rate.rate
    for _ in range(9):
        rate.on_refused(ready_at + 1, ready_at + 1, None)
    assert rate.room(rate.ready_at() + 0.04) > 1


@given(per_s=st.floats(0.01, 1000), room_at=st.floats(0, 10))
def test_as_many_requests_may_start_as_there_is_room_for(per_s: float, room_at: float) -> None:
    rate = limit(per_s)
    rate.on_start(1000.0)
    now = 1000 + room_at
    if rate.ready_at() > now:
        return
    room = int(rate.room(now) + SLACK)
    for _ in range(room):
        assert rate.ready_at() <= now + SLACK
        rate.on_start(now)


@pytest.mark.parametrize(
    ("per_s", "size"),
    [
        (0.5, 5),
        (2, 10),
        (20, 20),
        (50, 200),
        (100, 100),
    ],
)
@pytest.mark.slow
def test_the_rate_of_a_token_bucket_is_found_with_few_refusals(per_s: float, size: float) -> None:
    site = client(Bucket(per_s, size))
    seconds = max(300.0, 300 / per_s)
    log = site.run(2 * seconds)
    since = 1000 + seconds
    assert log.of(Verdict.OK, since) == pytest.approx(per_s * seconds, rel=0.1)
    assert log.share(Verdict.THROTTLED, since) < 0.05


def test_the_quota_of_a_fixed_window_is_used_with_few_refusals() -> None:
    site = client(Window(300, 60.0))
    log = site.run(3600)
    assert log.of(Verdict.OK, 2800) >= 0.8 * 5 * 1800
    assert log.share(Verdict.THROTTLED, 2800) < 0.05


def test_the_rate_follows_a_bucket_that_becomes_faster() -> None:
    bucket = Bucket(10, 10)
    site = client(bucket)
    site.run(120)
    bucket.rate = 40
    site.run(240)
    log = site.run(120)
    assert log.of(Verdict.OK, 1360) >= 0.85 * 40 * 120


def test_the_rate_follows_a_bucket_that_becomes_slower() -> None:
    bucket = Bucket(40, 40)
    site = client(bucket)
    site.run(120)
    bucket.rate = 4
    site.run(120)
    log = site.run(120)
    assert log.of(Verdict.OK, 1240) >= 0.85 * 4 * 120
    assert log.share(Verdict.THROTTLED, 1240) < 0.1


def test_the_first_refusal_halves_the_rate_of_what_was_accepted_in_the_last_second() -> None:
    rate = limit()
    for n in range(300):
        rate.on_accepted(1000 + n / 100, 999.9 + n / 100)
    rate.on_refused(1003.0, 1002.95, None)
    assert rate.rate == pytest.approx(50, rel=0.05)


Refusal = tuple[float, float, float | None]


@given(
    st.lists(
        st.tuples(st.floats(0, 30), st.floats(0, 5), st.none() | st.floats(0, 1e6)),
        min_size=1,
        max_size=40,
    )
)
def test_a_retry_after_is_never_shortened(refusals: list[Refusal]) -> None:
    rate = limit()
    now, asked_until = 1000.0, 0.0
    for gap_s, ago_s, retry_after_s in refusals:
        now += gap_s
        rate.on_start(now - ago_s)
        rate.on_refused(now, now - ago_s, retry_after_s)
        if retry_after_s is not None:
            asked_until = max(asked_until, now + retry_after_s)
        assert rate.ready_at() >= asked_until
    rate.on_accepted(now, now)
    rate.on_policy(now, RatePolicy(100.0, 50.0, 10.0))
    assert rate.ready_at() >= asked_until


def test_a_retry_after_is_extended_slightly_and_at_random() -> None:
    until = set()
    for seed in range(20):
        rate = RateLimit(dice(seed))
        rate.on_refused(1000.0, 999.0, 100.0)
        until.add(rate.blocked_until)
    assert 1100 <= min(until) < max(until) <= 1110


def test_after_a_refusal_one_request_at_a_time_is_sent() -> None:
    site = client(Bucket(1, 1))
    control = site.control
    permits = [control.start(1000.0) for _ in range(8)]
    for permit in permits:
        control.end(permit, 1000.1, Ending(Verdict.THROTTLED, 0.1))
    assert control.free(1000.1) == 0
    when = control.ready_at()
    assert when > 1000.1
    assert control.free(when) == 1
    control.start(when)
    assert control.free(when + 1) == 0


def test_many_refusals_at_once_cut_the_rate_once() -> None:
    once, often = limit(), limit()
    for rate, times in ((once, 1), (often, 50)):
        for n in range(20):
            rate.on_start(1000 + n / 10)
            rate.on_accepted(1000.05 + n / 10, 1000 + n / 10)
        for _ in range(times):
            rate.on_refused(1002.0, 1001.9, None)
    assert once.rate == often.rate


def test_pauses_grow_to_a_minute_or_a_tenth_of_the_time_for_which_a_site_refused_all() -> None:
    rate = limit()
    began = now = 1000.0
    pauses = []
    for _ in range(60):
        rate.on_start(now)
        rate.on_refused(now, now, None)
        pauses.append(rate.blocked_until - now)
        assert pauses[-1] <= max(60, 0.1 * (now - began)) + SLACK
        now = rate.ready_at()
    assert pauses[0] < 2
    assert pauses == pytest.approx(sorted(pauses))
    assert 60 in pauses
    assert pauses[-1] > 300  # as a penalty that each request extends may last


def test_a_site_that_refuses_for_days_is_still_tried() -> None:
    rate = limit()
    now = 1000.0
    for _ in range(3000):
        rate.on_start(now)
        rate.on_refused(now, now, None)
        assert rate.ready_at() <= now + 4000
        now = rate.ready_at()


def test_a_site_that_refuses_its_first_requests_may_accept_later_ones() -> None:
    rate = limit()
    for now in (1000.0, 1001.0, 1002.0):
        rate.on_start(now)
        rate.on_refused(now, now, None)
    rate.on_start(1010.0)
    rate.on_accepted(1010.1, 1010.0)
    assert 0 < rate.rate < inf
    assert not rate.trying


@pytest.mark.parametrize(
    ("policy", "per_s"),
    [
        (RatePolicy(10, 60, 10), 9.8),  # more than half of what the announced rate needs
        (RatePolicy(10, 40, 10), 4),
        (RatePolicy(None, 60, 10), 6),
        (RatePolicy(None, 50, 10, 100), 5.5),  # half of the quota is left
        (RatePolicy(None, 49, 10, 100), 4.9),
    ],
)
def test_what_remains_of_a_quota_is_spread_until_its_reset_once_it_is_scarce(
    policy: RatePolicy, per_s: float
) -> None:
    rate = limit()
    rate.on_policy(1000.0, policy)
    assert rate.rate == pytest.approx(per_s)


def test_an_announced_rate_is_used_and_never_exceeded() -> None:
    rate = limit()
    now = 1000.0
    rate.on_policy(now, RatePolicy(rate=10.0))
    assert rate.rate == pytest.approx(10, rel=0.05)
    for _ in range(2000):
        now = max(now, rate.ready_at())
        rate.on_start(now)
        rate.on_accepted(now, now)
        rate.on_policy(now, RatePolicy(rate=10.0))
    assert rate.rate <= 10


def test_the_rest_of_a_quota_is_spread_until_the_reset() -> None:
    rate = limit()
    rate.on_policy(1000.0, RatePolicy(None, 30.0, 60.0))
    assert rate.rate == pytest.approx(0.5, rel=0.05)
    rate.on_policy(1001.0, RatePolicy(10.0, 12.0, 60.0))
    assert rate.rate == pytest.approx(0.2, rel=0.05)


def test_nothing_starts_before_a_spent_quota_is_reset() -> None:
    rate = limit()
    rate.on_policy(1000.0, RatePolicy(10.0, 0.0, 25.0))
    assert rate.ready_at() >= 1025


@examples(50)
@given(
    maximum=st.floats(0.1, 100),
    events=st.lists(st.tuples(st.sampled_from("+-tr"), st.floats(0, 30)), max_size=80),
)
def test_the_maximum_is_never_exceeded(maximum: float, events: list[tuple[str, float]]) -> None:
    rate = limit(maximum)
    now = 1000.0
    for what, value in events:
        now += value / 10
        rate.on_start(now)
        if what == "+":
            rate.on_accepted(now, now)
        elif what == "-":
            rate.on_refused(now, now, value or None)
        elif what == "t":
            rate.on_policy(now, RatePolicy(1 + value * 100, value, value))
        else:
            rate.restart(value * 1000, now)
        assert 0 < rate.rate <= maximum


def test_a_crawl_continues_from_a_recalled_rate() -> None:
    rate = limit()
    rate.restart(5.0, 1000.0)
    assert rate.rate == 5
    rate.restart(inf, 1000.0)
    rate.restart(0.0, 1000.0)
    assert rate.rate == 5


def test_a_recalled_rate_grows_at_a_site_that_accepts_more() -> None:
    rate = limit()
    rate.restart(5.0, 1000.0)
    bucket = Bucket(50, 50)
    site = client(bucket, rate)
    site.run(600)
    log = site.run(60)
    assert log.of(Verdict.OK, 1600) >= 2 * 5 * 60


def test_what_refusals_of_another_kind_showed_is_forgotten() -> None:
    limit = RateLimit(dice(1), maximum=50.0)
    limit.on_refused(10.0, 10.0, None)
    assert limit.rate < 50.0
    limit.forget()
    assert (limit.rate, limit.trying) == (50.0, False)
    limit.on_refused(20.0, 20.0, None)
    assert limit.rate < 50.0, "it learns again"
