"""The ceiling that refused requests set."""

from __future__ import annotations

import pytest

from crawlproj.limits.base import Outcome, Sample
from crawlproj.limits.refusals import Refusals


def sample(at: float, in_flight: int, outcome: Outcome = Outcome.SUCCESS) -> Sample:
    return Sample(at, at + 0.1, 0.1, in_flight, outcome)


def dropped(at: float, in_flight: int) -> Sample:
    return sample(at, in_flight, Outcome.DROPPED)


def drops(
    refusals: Refusals, in_flight: int, limit: float, times: int = 4, at: float = 0.0
) -> float | None:
    """Let requests be dropped, a second apart; return the limit that follows."""
    moved = None
    for n in range(times):
        moved = refusals.on_drop(dropped(at + n, in_flight), limit) or moved
    return moved


def answers(refusals: Refusals, times: int, limit: float, in_flight: int = 1) -> None:
    """Let requests be answered that are sent after all drops."""
    for _ in range(times):
        refusals.on_answer(sample(10_000.0, in_flight), limit)


def test_the_limit_goes_below_the_number_that_was_refused() -> None:
    refusals = Refusals()
    assert drops(refusals, in_flight=6, limit=6.0) == 5.0
    assert refusals.ceiling == 5.0


@pytest.mark.parametrize("limit", [1.0, 1.7, 4.0])
def test_a_limit_that_went_down_meanwhile_does_not_become_the_ceiling(limit: float) -> None:
    refusals = Refusals()
    assert drops(refusals, in_flight=6, limit=limit) == limit
    assert refusals.ceiling == 5.0


def test_the_ceiling_is_at_most_halved() -> None:
    refusals = Refusals()
    assert drops(refusals, in_flight=2, limit=20.0) == 10.0
    assert refusals.ceiling == 10.0


def test_further_drops_never_raise_the_ceiling() -> None:
    refusals = Refusals()
    drops(refusals, in_flight=4, limit=4.0)
    assert refusals.ceiling == 3.0
    drops(refusals, in_flight=9, limit=3.0, at=100.0)
    assert refusals.ceiling <= 3.0


def test_it_takes_three_drops() -> None:
    refusals = Refusals()
    assert drops(refusals, in_flight=6, limit=6.0, times=2) is None
    assert drops(refusals, in_flight=6, limit=6.0, times=1) == 5.0


def test_one_refusal_is_enough_that_shows_what_is_too_much_at_once() -> None:
    refusals = Refusals()
    shown = Sample(0.0, 0.1, 0.1, 6, Outcome.DROPPED, at_once=True)
    assert refusals.on_drop(shown, 6.0) == 5.0


def test_it_takes_more_than_five_percent_of_what_may_be_in_flight() -> None:
    refusals = Refusals()
    assert drops(refusals, in_flight=100, limit=100.0, times=5) is None
    assert drops(refusals, in_flight=100, limit=100.0, times=1) == 99.0


def test_it_takes_more_than_five_percent_of_what_was_answered() -> None:
    refusals = Refusals()
    answers(refusals, 76, limit=50.0)
    assert drops(refusals, in_flight=50, limit=50.0, times=4) is None
    assert drops(refusals, in_flight=50, limit=50.0, times=1) == 49.0


@pytest.mark.parametrize(("limit", "period"), [(1.0, 16), (8.0, 16), (20.0, 40)])
def test_drops_count_together_only_within_a_period(limit: float, period: int) -> None:
    within, beyond = Refusals(), Refusals()
    for refusals, answered in ((within, period - 3), (beyond, period - 2)):
        drops(refusals, in_flight=9, limit=limit, times=2)
        answers(refusals, answered, limit)
    assert drops(within, in_flight=9, limit=limit, times=1) is not None
    assert drops(beyond, in_flight=9, limit=limit, times=1) is None


def test_drops_with_another_cause_are_cut_for_more_than_twice_as_many_and_three() -> None:
    refusals = Refusals()
    refusals.other_cause = 0.25
    answers(refusals, 20, limit=60.0)
    assert drops(refusals, in_flight=60, limit=60.0, times=32) is None
    assert drops(refusals, in_flight=60, limit=60.0, times=1) == 59.0


def test_another_cause_that_has_gone_is_forgotten() -> None:
    refusals = Refusals()
    refusals.other_cause = 0.25
    for _ in range(100):
        answers(refusals, 16, limit=8.0)
    assert refusals.other_cause == 0


def test_the_limit_goes_down_by_a_fifth_if_as_many_in_flight_were_answered_too() -> None:
    refusals = Refusals()
    answers(refusals, 5, limit=6.0, in_flight=6)
    assert drops(refusals, in_flight=6, limit=6.0, times=3) is None, "it may be by chance"
    assert drops(refusals, in_flight=6, limit=6.0, times=1) == pytest.approx(4.8)


def test_as_many_refused_as_answered_make_a_number_too_many() -> None:
    refusals = Refusals()
    answers(refusals, 3, limit=6.0, in_flight=6)
    answers(refusals, 5, limit=6.0, in_flight=5)
    assert drops(refusals, in_flight=6, limit=6.0, times=3) == 5.0


def test_a_limit_of_one_goes_down_by_a_fifth() -> None:
    assert drops(Refusals(), in_flight=1, limit=1.0) == pytest.approx(0.8)


def test_drops_of_requests_that_started_before_the_cut_do_not_count() -> None:
    refusals = Refusals()
    drops(refusals, in_flight=6, limit=6.0, times=3)  # the last one ended at 2.1
    late = Sample(2.0, 9.0, 0.1, 4, Outcome.DROPPED)
    assert all(refusals.on_drop(late, 5.0) is None for _ in range(9))
    assert drops(refusals, in_flight=4, limit=5.0, at=2.1, times=2) is None
    assert drops(refusals, in_flight=4, limit=5.0, at=2.1, times=1) == 2.5, "a look at half of it"
    before_the_look = Sample(2.1, 9.0, 0.1, 4, Outcome.DROPPED)
    assert refusals.on_drop(before_the_look, 2.5) is None


def wait(refusals: Refusals, limit: float) -> int:
    """Return after how many periods of answers with a limit the ceiling rises."""
    ceiling = refusals.ceiling
    for periods in range(1, 200):
        answers(refusals, max(16, int(2 * limit)), limit)
        if refusals.ceiling > ceiling:
            return periods
    raise AssertionError("it did not rise")


def test_each_time_the_same_number_is_refused_its_ceiling_stays_for_twice_as_long() -> None:
    refusals, waits = Refusals(), []
    for n in range(6):
        drops(refusals, in_flight=6, limit=6.0, times=1 if n else 3, at=100.0 * n)
        waits.append(wait(refusals, 5.0))
        assert refusals.ceiling == 6.0
    assert waits == [4, 8, 16, 32, 64, 64]
    drops(refusals, in_flight=3, limit=3.0, at=1000.0)
    assert wait(refusals, 2.0) == 4, "another number"


def test_once_more_is_answered_a_single_refusal_does_not_show_that_it_is_too_much_again() -> None:
    refusals = Refusals()
    drops(refusals, in_flight=6, limit=6.0)
    wait(refusals, 5.0)
    answers(refusals, 1, limit=6.0, in_flight=6)
    assert drops(refusals, in_flight=6, limit=6.0, times=1, at=20_000.0) is None


@pytest.mark.parametrize(("first", "second", "waits"), [(22, 18, 8), (22, 17, 4), (5, 4, 8)])
def test_numbers_within_a_fifth_or_one_of_the_ceiling_are_the_same(
    first: int, second: int, waits: int
) -> None:
    refusals = Refusals()
    drops(refusals, in_flight=first, limit=float(first))
    answers(refusals, 50, limit=1.0)
    drops(refusals, in_flight=second, limit=float(first - 1), at=100.0)
    assert refusals.ceiling == second - 1
    assert wait(refusals, second - 1.0) == waits


def test_a_high_ceiling_rises_by_a_sixteenth() -> None:
    refusals = Refusals()
    drops(refusals, in_flight=33, limit=33.0)
    wait(refusals, 32.0)
    assert refusals.ceiling == 34.0


def test_a_ceiling_rises_only_where_the_limit_has_come_up_to_it() -> None:
    refusals = Refusals()
    drops(refusals, in_flight=6, limit=6.0)
    answers(refusals, 1600, limit=4.4)
    assert refusals.ceiling == 5.0
    assert wait(refusals, 4.5) == 4


def test_a_cut_begins_the_wait_anew() -> None:
    refusals = Refusals()
    drops(refusals, in_flight=6, limit=6.0)
    answers(refusals, 3 * 16, limit=5.0)
    drops(refusals, in_flight=3, limit=5.0, at=100.0)
    assert wait(refusals, 2.5) == 4
