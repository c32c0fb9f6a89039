"""Lockouts come from a limiter if they begin after as many answers."""

from __future__ import annotations

import pytest

from crawlproj.limits.recurring_lockouts import RecurringLockouts


def go_through(
    lockouts: RecurringLockouts,
    *answered: int,
    lasts_s: float = 5.0,
    now: float = 0.0,
    refused: int = 4,
) -> bool:
    """Answer so many requests before each lockout, and one after the last; return what it shows."""
    for answers in answered:
        for _ in range(answers):
            lockouts.on_answer(now, 4)
            now += 0.01
        lockouts.on_refused(now, refused)
        lockouts.on_refused(now + lasts_s / 2, 1)
        now += lasts_s
    lockouts.on_answer(now, 4)
    return lockouts.recur


@pytest.mark.parametrize("answered", [(20, 20), (5, 6), (100, 92), (40, 20, 21)])
def test_lockouts_after_as_many_answers_are_those_of_a_limiter(answered: tuple[int, ...]) -> None:
    assert go_through(RecurringLockouts(), *answered)


@pytest.mark.parametrize("answered", [(20,), (20, 35), (100, 80), (9, 3, 14, 40)])
def test_outages_begin_at_any_time(answered: tuple[int, ...]) -> None:
    assert not go_through(RecurringLockouts(), *answered)


def test_a_lockout_that_begins_with_more_in_flight_than_was_answered_shows_no_limiter() -> None:
    assert not go_through(RecurringLockouts(), 20, 20, refused=5)


def test_refusals_for_less_than_two_seconds_are_no_lockout() -> None:
    assert not go_through(RecurringLockouts(), 20, 20, 20, lasts_s=1.5)


def test_while_some_requests_are_answered_there_is_no_lockout() -> None:
    lockouts = RecurringLockouts()
    for second in range(100):
        lockouts.on_refused(float(second), 1)
        lockouts.on_answer(second + 0.5, 1)
    assert not lockouts.recur


def test_a_time_out_that_is_noticed_after_the_lockout_begins_no_other_one() -> None:
    lockouts = RecurringLockouts()
    go_through(lockouts, 20)
    lockouts.on_refused(0.25, 1)  # of a request that was sent in the first lockout
    assert go_through(lockouts, 19, now=30.0)
