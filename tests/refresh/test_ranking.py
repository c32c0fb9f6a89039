"""A budget of checks goes to the pages that a check is best for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crawlproj.refresh.ranking import Ranking, Value
from crawlproj.refresh.rates import RATES, told_by_check

VALUES = st.builds(Value, worth=st.integers(0, 200), told=st.integers(0, 44))
DAY_S = 86_400.0


def reached(values: list[Value], budget: float) -> list[Value]:
    ranking = Ranking()
    for value in values:
        ranking.note(value)
    return [value for value in values if ranking.reaches(value, budget)]


@given(st.lists(VALUES), st.integers(0, 20))
def test_the_whole_budget_is_spent_and_no_more(values: list[Value], budget: int) -> None:
    assert len(reached(values, budget)) == min(budget, len(values))


def test_the_pages_that_are_worth_most_are_reached_though_they_come_last() -> None:
    values = [Value(worth=80)] * 3 + [Value(worth=90)] * 2
    assert reached(values, 3) == [Value(worth=80)] + [Value(worth=90)] * 2


def test_of_two_pages_that_are_worth_the_same_the_one_that_tells_more_is_reached() -> None:
    assert reached([Value(80, told=0), Value(80, told=10)], 1) == [Value(80, told=10)]


def test_what_a_check_tells_counts_beside_what_it_keeps_fresh() -> None:
    tells = Value(80, told=5)  # 5 / 64 nat, which counts as 0.6 of the check at the price
    assert reached([Value(80), Value(84), tells], 2) == [Value(84), tells]
    assert reached([Value(80), Value(88), tells, Value(88)], 2) == [Value(88)] * 2


def test_a_check_tells_most_when_it_is_open_whether_the_page_is_a_fast_or_a_slow_one() -> None:
    twice_a_day, monthly = RATES[3], RATES[9]  # 8 hours, 21 days
    either = [0.5 if rate in (twice_a_day, monthly) else 0.0 for rate in RATES]
    by_days = {days: told_by_check(either, days * DAY_S) for days in (0.01, 2, 300)}
    assert max(by_days, key=by_days.__getitem__) == 2
    sure = [1.0 if rate == monthly else 0.0 for rate in RATES]
    assert told_by_check(sure, 20 * DAY_S) < 1e-9
    assert told_by_check(either, float("inf")) == 0
