"""The control of one site: limit, rate, rests and lost requests together."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import pytest

from crawlproj.limits.aimd import Aimd
from crawlproj.limits.base import Bounds, Limit, Sample
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.fixed import Fixed
from crawlproj.limits.headers import RatePolicy
from crawlproj.limits.health import Health
from crawlproj.limits.knee import Knee
from crawlproj.limits.learned import Learned
from crawlproj.limits.rate import RateLimit
from crawlproj.limits.site import SiteControl
from tests.limits.models import dice

if TYPE_CHECKING:
    from crawlproj.limits.permit import Permit

OK = Ending(Verdict.OK, 0.5)
THROTTLED = Ending(Verdict.THROTTLED, 0.1)
OVERLOADED = Ending(Verdict.OVERLOADED, 0.1)
IGNORED = Ending(Verdict.IGNORED)
NOW = 1000.0


def rate() -> RateLimit:
    return RateLimit(dice(1))


def health() -> Health:
    return Health(dice(1))


def fixed(limit: float) -> Limit:
    return Fixed(Bounds(limit, limit, limit))


def aimd(start: float) -> Limit:
    return Aimd(Bounds(start, 0.1, 64))


class Manual(Limit):
    """A limit that the test sets by ``restart``."""

    def on_sample(self, sample: Sample) -> None:
        pass


def start(control: SiteControl, number: int, now: float = NOW) -> list[Permit]:
    permits = []
    for _ in range(number):
        assert control.free(now)
        permits.append(control.start(now))
    return permits


def test_as_many_requests_are_admitted_as_the_limit_allows() -> None:
    control = SiteControl(fixed(3), None, None)
    assert control.free(NOW) == 3
    permits = start(control, 3)
    assert [permit.in_flight for permit in permits] == [1, 2, 3]
    assert (control.free(NOW), control.in_flight) == (0, 3)
    control.end(permits[1], NOW + 1, OK)
    assert (control.free(NOW + 1), control.in_flight) == (1, 2)


def test_the_cap_follows_a_rising_limit_by_one_with_each_answer() -> None:
    limit = Manual(Bounds(2, 0.1, 64))
    control = SiteControl(limit, None, None)
    held = [control.start(1000.0), control.start(1000.0)]
    limit.restart(8)
    assert control.free(1000.0) == 0
    for answers in range(1, 7):
        control.end(held.pop(), 1000.1, OK)
        held.append(control.start(1000.1))
        assert control.free(1000.1) == 1
        held.append(control.start(1000.1))
        assert len(held) == control.cap == 2 + answers
    control.end(held.pop(), 1000.2, Ending(Verdict.OVERLOADED))
    limit.restart(4)
    control.end(held.pop(), 1000.2, OK)
    assert control.cap == 4


def test_a_permit_given_back_twice_is_an_error() -> None:
    control = SiteControl(fixed(3), None, None)
    (permit,) = start(control, 1)
    control.end(permit, NOW, OK)
    with pytest.raises(KeyError):
        control.end(permit, NOW, OK)
    assert control.in_flight == 0


def test_a_lost_permit_given_back_twice_is_an_error() -> None:
    control = SiteControl(fixed(3), None, health())
    (permit,) = start(control, 1)
    control.free(NOW + 100)
    control.end(permit, NOW + 100, OK)
    with pytest.raises(KeyError):
        control.end(permit, NOW + 100, OK)
    assert control.in_flight == 0


def test_with_a_rate_a_429_leaves_the_limit_alone() -> None:
    control = SiteControl(aimd(8), rate(), None)
    for permit in start(control, 8):
        control.end(permit, NOW + 1, THROTTLED)
    assert control.limit == 8
    assert control.rate < inf


def test_without_a_rate_a_429_is_an_overload() -> None:
    control = SiteControl(aimd(8), None, None)
    for permit in start(control, 8):
        control.end(permit, NOW + 1, THROTTLED)
    assert control.limit < 8
    assert control.rate == inf


def test_an_overload_lowers_the_limit_but_not_the_rate() -> None:
    control = SiteControl(aimd(8), rate(), health())
    for permit in start(control, 3):
        control.end(permit, NOW + 1, OVERLOADED)
    assert control.limit < 8
    assert control.rate == inf


def test_an_overload_of_a_site_that_answers_lowers_the_limit_and_is_no_sign_of_an_outage() -> None:
    control = SiteControl(aimd(8), rate(), health())
    for permit in start(control, 6):
        control.end(permit, NOW + 1, Ending(Verdict.OVERLOADED, 0.1, is_up=True))
    assert control.limit < 8
    assert not control.down


def test_a_refusal_of_too_much_at_once_lowers_the_limit_and_takes_the_rate_back() -> None:
    control = SiteControl(aimd(8), rate(), health())
    first, second = start(control, 2)
    control.end(first, NOW + 1, THROTTLED)
    assert control.rate < inf
    control.end(second, NOW + 1, Ending(Verdict.OVERLOADED, 0.1, is_up=True, at_once=True))
    assert control.rate == inf
    assert control.limit < 8


def test_a_429_for_the_rate_takes_back_that_less_may_be_in_flight() -> None:
    limit = Knee(Bounds(start=8, max=8))
    control = SiteControl(limit, rate(), health())
    too_much = Ending(Verdict.OVERLOADED, 0.1, is_up=True, at_once=True)
    first, second = start(control, 2)
    control.end(second, NOW + 1, too_much)
    assert limit._refusals.ceiling < 8
    control.end(first, NOW + 1, THROTTLED)
    assert limit._refusals.ceiling == inf


def test_an_ignored_request_changes_nothing() -> None:
    control = SiteControl(aimd(8), rate(), health())
    for permit in start(control, 8):
        control.end(permit, NOW + 1, IGNORED)
    assert (control.limit, control.rate, control.down) == (8, inf, False)
    assert control.free(NOW + 1) == 8


@pytest.mark.parametrize("verdict", [Verdict.THROTTLED, Verdict.OVERLOADED])
@pytest.mark.parametrize("with_rate", [True, pytest.param(False, id="without_rate")])
def test_nothing_starts_before_a_retry_after_is_over(verdict: Verdict, *, with_rate: bool) -> None:
    control = SiteControl(fixed(4), rate() if with_rate else None, health())
    first, second = start(control, 2)
    control.end(first, NOW, Ending(verdict, 0.1, retry_after_s=30.0))
    control.end(second, NOW + 1, OK)
    assert control.free(NOW + 29.9) == 0
    assert control.wake_at(NOW + 1) >= NOW + 30
    assert control.free(control.wake_at(NOW + 1)) >= 1


def test_a_rest_is_never_shortened() -> None:
    control = SiteControl(fixed(4), None, None)
    control.rest(NOW + 60)
    control.rest(NOW + 30)
    control.note(NOW, Ending(Verdict.THROTTLED, retry_after_s=10.0))
    assert control.ready_at() == NOW + 60


def test_answers_to_requests_without_a_permit_are_obeyed() -> None:
    control = SiteControl(fixed(4), rate(), None)
    control.note(NOW, Ending(Verdict.OK, policy=RatePolicy(rate=2.0)))
    control.note(NOW, Ending(Verdict.OVERLOADED, retry_after_s=10.0))
    assert control.rate == pytest.approx(2, rel=0.05)
    assert control.free(NOW + 9) == 0
    learned = control.learned()
    assert learned is not None
    assert learned.rest_until == NOW + 10
    assert learned.limit == 4, "no sample was taken"


def test_nothing_is_learned_before_a_request_ended() -> None:
    assert SiteControl(fixed(4), rate(), None).learned() is None


def test_with_a_delay_one_request_runs_at_a_time() -> None:
    control = SiteControl(fixed(8), rate(), None)
    control.set_delay(5.0)
    (permit,) = start(control, 1)
    assert control.free(NOW + 4) == 0
    control.end(permit, NOW + 4, OK)
    assert control.free(NOW + 4.9) == 0
    assert control.wake_at(NOW + 4.9) == NOW + 5
    (permit,) = start(control, 1, NOW + 5)
    assert control.free(NOW + 10.5) == 0, "the request before is still in flight"
    assert control.limit == 1
    assert control.rate == 0.2
    control.set_delay(0.0)
    assert control.free(NOW + 10.5) == 7


def test_a_delay_counts_from_when_the_request_was_sent() -> None:
    control = SiteControl(fixed(4), rate(), health())
    control.set_delay(5.0)
    (permit,) = start(control, 1)
    permit.sent = False
    control.send(permit, NOW + 3)  # robots.txt came first
    control.end(permit, NOW + 3.5, OK)
    assert control.ready_at() == NOW + 8


def test_below_a_limit_of_one_the_site_rests_between_two_requests() -> None:
    control = SiteControl(fixed(0.25), None, None)
    (permit,) = start(control, 1)
    assert control.free(NOW + 1) == 0
    control.end(permit, NOW + 1, Ending(Verdict.OK, 1.0))
    # A limit of a quarter: it rests three times as long as it works.
    assert control.free(NOW + 3.9) == 0
    assert control.ready_at() == pytest.approx(NOW + 4)
    assert control.free(NOW + 4.01) == 1


def test_lost_requests_stop_counting() -> None:
    control = SiteControl(fixed(4), None, health())
    hanging = start(control, 3)
    answers = 0
    for n in range(60):
        now = NOW + n / 5
        if control.free(now):
            control.end(control.start(now), now + 0.1, Ending(Verdict.OK, 0.1))
            answers += 1
    assert answers == 60
    assert not control.down
    assert control.free(NOW + 12.2) == 4
    assert control.in_flight == 3, "they have not ended"
    for permit in hanging:
        control.end(permit, NOW + 12.2, IGNORED)
    assert control.in_flight == 0


def test_a_lost_request_says_nothing_about_the_limit() -> None:
    control = SiteControl(aimd(8), None, health())
    first, second = start(control, 2)
    control.end(second, NOW + 3, Ending(Verdict.OK, 3.0))
    grown = control.limit
    control.free(NOW + 60)
    assert first.lost
    control.end(first, NOW + 61, Ending(Verdict.OVERLOADED))
    assert control.limit == grown


def test_a_canary_says_nothing_about_the_limit_although_another_answer_ended_the_outage() -> None:
    control = SiteControl(aimd(8), None, health())
    *failing, slow = start(control, 5)
    for permit in failing:
        control.end(permit, NOW + 0.1, OVERLOADED)
    canary = control.start(NOW + 2)
    assert canary.canary
    control.end(slow, NOW + 3, OK)
    assert not control.down
    limit = control.limit
    control.end(canary, NOW + 3.1, OVERLOADED)
    assert control.limit == limit


@pytest.mark.parametrize(("overtaken", "free"), [(0, 1), (2, 4)])
def test_requests_that_wait_behind_a_slow_one_are_not_lost(overtaken: int, free: int) -> None:
    control = SiteControl(fixed(4), None, health())
    control.end(control.start(NOW - 1), NOW - 0.9, Ending(Verdict.OK, 0.1))
    slow, *others = start(control, 4)
    for permit in others:
        permit.passed = overtaken  # by later ones, so there is no queue
    control.free(NOW + 3)
    assert all(permit.lost for permit in (slow, *others))
    control.end(slow, NOW + 4, Ending(Verdict.OK, 4.0))
    assert control.free(NOW + 4) == free
    assert control.in_flight == 3
    for permit in others:
        control.end(permit, NOW + 5, Ending(Verdict.OK, 5.0))
    assert control.in_flight == 0


def test_a_single_worker_gets_no_more_while_one_page_takes_long() -> None:
    control = SiteControl(Knee(Bounds(4, 0.1, 64)), None, health())
    control.end(control.start(NOW - 1), NOW - 0.9, Ending(Verdict.OK, 0.1))
    slow, *others = start(control, 4)
    control.free(NOW + 3)
    control.end(slow, NOW + 4, Ending(Verdict.OK, 4.0))
    for number, permit in enumerate(others):
        assert control.in_flight + control.free(NOW + 4) <= 4
        control.end(permit, NOW + 4.1, Ending(Verdict.OK, 4.0 + number / 10))


def test_a_lost_request_is_found_behind_an_older_one_that_was_sent_later() -> None:
    control = SiteControl(fixed(4), None, health())
    first, second = start(control, 2)
    control.end(control.start(NOW), NOW + 0.1, OK)
    control.send(first, NOW + 400)  # it waited, for example for robots.txt
    control.free(NOW + 500)
    assert second.lost


def test_a_request_that_was_not_sent_yet_is_not_lost() -> None:
    control = SiteControl(fixed(2), None, health())
    waiting = start(control, 2)
    for permit in waiting:
        permit.sent = False
    now = NOW
    while now < NOW + 60:  # a slow robots.txt
        now += 0.5
        while control.free(now):
            waiting.append(control.start(now))
    assert len(waiting) == 2, "robots.txt will release all of them at once"


def test_a_request_whose_answer_takes_long_to_arrive_is_not_lost() -> None:
    control = SiteControl(fixed(2), None, health())
    transferring = start(control, 2)
    for permit in transferring:
        permit.answered = True  # the head is there, and a large body comes slowly
    assert control.wake_at(NOW) == inf
    assert control.free(NOW + 60) == 0
    assert not control.down
    assert not any(permit.lost for permit in transferring)


@pytest.mark.parametrize("failed", [0, 1])
def test_after_an_outage_the_limit_starts_from_half_unless_it_was_a_false_alarm(
    failed: int,
) -> None:
    control = SiteControl(aimd(8), None, health())
    for permit in start(control, 4):
        control.end(permit, NOW, OK)
    good = control.limit
    for permit in start(control, 6):
        control.end(permit, NOW + 1, OVERLOADED)
    assert control.down
    before = control.limit
    for ending in [*[OVERLOADED] * failed, OK]:
        now = control.ready_at()
        (canary,) = start(control, 1, now)
        assert canary.canary
        control.end(canary, now, ending)
    assert control.limit == pytest.approx(good / 2 if failed else before, rel=0.1)


def test_what_was_learned_is_aged_after_a_minute_of_idleness() -> None:
    control = SiteControl(aimd(2), None, None)
    control.recall(Learned(40, inf, 0.1, NOW), NOW)
    (permit,) = start(control, 1)
    control.end(permit, NOW, OK)
    busy = control.limit
    assert busy == pytest.approx(40, rel=0.1)
    (permit,) = start(control, 1, NOW + 50)
    assert control.limit == busy
    control.end(permit, NOW + 50, IGNORED)
    start(control, 1, NOW + 650)
    assert control.limit == pytest.approx(2 + (busy - 2) / 2)


def test_a_rate_learned_long_ago_is_forgotten() -> None:
    control = SiteControl(fixed(4), rate(), None)
    control.recall(Learned(4, 3.0, 0.1, NOW), NOW)
    assert control.rate == 3
    other = SiteControl(fixed(4), rate(), None)
    other.recall(Learned(4, 3.0, 0.1, NOW), NOW + 4000)
    assert other.rate == inf


def test_a_rate_that_is_in_doubt_is_so_for_the_next_crawl() -> None:
    before = SiteControl(fixed(1), rate(), None)
    answer_until(before, NOW, NOW + 1)
    refuse_until(before, NOW + 1, NOW + 301)  # a window of five minutes, or a penalty
    answer_until(before, NOW + 301, NOW + 310)
    learned = before.learned()
    assert learned is not None
    after = SiteControl(fixed(1), rate(), None)

    after.recall(learned, NOW + 310)
    answer_until(after, NOW + 310, NOW + 610)

    assert after.rate > 2 * before.rate


def answer_until(control: SiteControl, now: float, until: float) -> None:
    end_until(control, now, until, OK)


def refuse_until(control: SiteControl, now: float, until: float) -> None:
    end_until(control, now, until, THROTTLED)


def end_until(control: SiteControl, now: float, until: float, ending: Ending) -> None:
    """End a request after the other, each as soon as it may start."""
    while (now := max(now, control.ready_at())) < until:
        permit = control.start(now)
        now += 0.02
        control.end(permit, now, ending)


def test_nothing_is_learned_before_the_first_request_ended() -> None:
    control = SiteControl(aimd(2), rate(), health())
    assert control.learned() is None
    (permit,) = start(control, 1)
    assert control.learned() is None
    control.end(permit, NOW + 1, OK)
    learned = control.learned()
    assert learned is not None
    assert (learned.limit, learned.at) == (control.limit, NOW + 1)


def test_requests_without_a_permit_are_learned_from() -> None:
    control = SiteControl(aimd(4), rate(), health())
    control.observe(NOW, 4, NOW + 1, OK)
    assert control.limit > 4
    control.observe(NOW + 1, 4, NOW + 2, OVERLOADED)
    assert control.limit < 4.2
    control.observe(NOW + 2, 4, NOW + 3, THROTTLED)
    assert control.rate < inf
    assert control.in_flight == 0


def test_canaries_without_a_permit_are_a_second_apart_too() -> None:
    control = SiteControl(fixed(4), None, health())
    for _ in range(4):
        control.observe(NOW, 4, NOW, Ending(Verdict.OVERLOADED))
    now = control.ready_at()
    control.observe(now, 1, now + 0.01, Ending(Verdict.OVERLOADED))
    assert control.ready_at() >= now + 1


def test_a_delay_counts_from_the_latest_time_the_request_was_sent() -> None:
    """It waited for its connection, or was sent again on another one."""
    control = SiteControl(fixed(1), None, None)
    control.set_delay(2.0)
    (permit,) = start(control, 1)
    for sent_at in (NOW + 1, NOW + 5):
        control.send(permit, sent_at)
        assert control.ready_at() == sent_at + 2
    control.end(permit, NOW + 5.5, OK)
    assert not control.free(NOW + 6.9)
    assert control.free(NOW + 7)


def test_a_site_that_begins_carefully_has_one_more_in_flight_with_each_answer() -> None:
    control = SiteControl(fixed(3), None, None)
    control.begin_carefully()
    in_flight = []
    for _ in range(4):
        permits = start(control, control.free(NOW))
        in_flight.append(len(permits))
        for permit in permits:
            control.end(permit, NOW, OK)
    assert in_flight == [1, 2, 3, 3]


def test_only_a_good_answer_ends_a_careful_beginning() -> None:
    control = SiteControl(fixed(3), None, None)
    control.begin_carefully()
    for ending in (IGNORED, OVERLOADED):
        (permit,) = start(control, 1)
        control.end(permit, NOW, ending)
        assert control.free(NOW) == 1


class Starts(Limit):
    """Numbers the starts, and notes those withdrawn and those of samples."""

    def __init__(self, bounds: Bounds) -> None:
        super().__init__(bounds)
        self.started: list[int] = []
        self.withdrawn: list[int] = []
        self.sampled: list[int | None] = []

    def on_start(self, in_flight: int, now: float) -> int:
        self.started.append(len(self.started) + 1)
        return self.started[-1]

    def on_withdrawn(self, start: int, in_flight: int) -> None:
        self.withdrawn.append(start)

    def on_sample(self, sample: Sample) -> None:
        self.sampled.append(sample.start)


def test_every_start_ends_in_a_sample_or_is_withdrawn() -> None:
    starts = Starts(Bounds(8, 1, 8))
    control = SiteControl(starts, rate(), health())
    ok, ignored, refused, long, lost = start(control, 5)
    control.end(ok, NOW + 0.5, OK)
    control.end(ignored, NOW + 0.5, IGNORED)
    control.begin_answer(long)
    control.end(long, NOW + 9, OK)
    control.free(NOW + 60)
    control.end(lost, NOW + 61, OVERLOADED)
    control.end(refused, NOW + 62, THROTTLED)
    assert starts.sampled == [1, None], "a long answer is not waited for, but it is a sample"
    assert sorted(starts.withdrawn) == [2, 3, 4, 5]


class Overtakings(Limit):
    """A limit that keeps which samples overtook an older request."""

    def __init__(self, bounds: Bounds) -> None:
        super().__init__(bounds)
        self.seen: list[bool] = []

    def on_sample(self, sample: Sample) -> None:
        self.seen.append(sample.overtook)


def test_the_second_answer_that_comes_before_that_of_an_older_request_is_noted() -> None:
    overtakings = Overtakings(Bounds(8, 1, 8))
    control = SiteControl(overtakings, None, None)
    old = control.start(NOW)
    for number in range(1, 4):
        control.end(control.start(NOW + number), NOW + number + 0.5, OK)
    control.end(old, NOW + 5, OK)
    assert overtakings.seen == [False, True, True, False]


def test_answers_overtake_neither_requests_of_the_same_moment_nor_what_is_unsent_or_answered() -> (
    None
):
    overtakings = Overtakings(Bounds(8, 1, 8))
    control = SiteControl(overtakings, None, None)
    unsent = control.start(NOW, sent=False)
    answered, *together = (control.start(NOW + 1) for _ in range(4))
    control.begin_answer(answered)
    for permit in reversed(together):
        control.end(permit, NOW + 2, OK)
    control.end(unsent, NOW + 3, IGNORED)
    assert overtakings.seen == [False] * 3


def test_refusals_overtake_nothing() -> None:
    overtakings = Overtakings(Bounds(8, 1, 8))
    control = SiteControl(overtakings, None, None)
    control.start(NOW)
    for number in range(1, 4):
        control.end(control.start(NOW + number), NOW + number + 0.1, OVERLOADED)
    assert overtakings.seen == [False] * 3


def test_a_request_counts_as_started_when_it_is_sent() -> None:
    starts = Starts(Bounds(8, 1, 8))
    control = SiteControl(starts, None, None)
    permit = control.start(NOW, sent=False)
    assert starts.started == []
    control.send(permit, NOW + 5)
    control.send(permit, NOW + 6)  # its connection took a second
    control.end(permit, NOW + 7, OK)
    assert starts.withdrawn == [1]
    assert starts.sampled == [2]
