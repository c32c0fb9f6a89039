"""Budgets of checks that all workers share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.frontier.grants import Grant
from tests.frontier.helpers import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crawlproj.frontier.redis.frontier import RedisFrontier
    from tests.frontier.helpers import Now

DAY_S = 86_400.0


def given(worker: RedisFrontier, marks: Iterable[int], site: str = "a.test") -> list[int]:
    """Return the marks of the checks that a worker may put, of ten a day."""
    asked = list(marks)
    grants = run(worker.spend([(site, mark) for mark in asked], 10))
    return [mark for mark, grant in zip(asked, grants, strict=True) if grant is Grant.GIVEN]


def test_workers_together_put_no_more_checks_than_the_budget_of_a_site(
    hire: Callable[[], RedisFrontier],
) -> None:
    one, other = hire(), hire()
    assert given(one, range(7)) == [*range(7)]
    assert given(other, range(10, 20)) == [10, 11, 12]
    assert given(one, [30]) == []
    assert given(other, range(40, 45), site="b.test") == [*range(40, 45)]


def test_a_check_that_another_worker_has_put_counts_once(
    hire: Callable[[], RedisFrontier],
) -> None:
    one, other = hire(), hire()
    assert given(one, range(8)) == [*range(8)]
    asked = [("a.test", 3), ("a.test", 8), ("a.test", 9), ("a.test", 10)]
    assert run(other.spend(asked, 10)) == [Grant.TAKEN, Grant.GIVEN, Grant.GIVEN, Grant.SPENT]


def test_a_worker_that_asks_again_because_an_answer_was_lost_spends_nothing(
    hire: Callable[[], RedisFrontier],
) -> None:
    worker = hire()
    assert given(worker, range(6)) == given(worker, range(6))
    assert given(worker, range(10, 20)) == [10, 11, 12, 13]


def test_time_adds_to_a_budget_and_a_long_time_no_more_than_a_day_does(
    hire: Callable[[], RedisFrontier], now: Now
) -> None:
    one, other = hire(), hire()
    assert len(given(one, range(20))) == 10
    now.time += DAY_S / 2
    # Half a day later the marks are forgotten, and a page that is still due may be put again.
    assert len(given(other, range(20))) == 5
    now.time += 30 * DAY_S
    assert len(given(one, range(20))) == 10


def test_a_spent_budget_holds_for_later_runs(hire: Callable[[], RedisFrontier]) -> None:
    worker = hire()
    assert len(given(worker, range(20))) == 10
    run(worker.finish())
    run(worker.close())
    assert given(hire(), range(30, 40)) == []


def test_a_reset_forgets_which_checks_were_put_but_not_what_they_cost(
    hire: Callable[[], RedisFrontier],
) -> None:
    worker = hire()
    assert given(worker, range(6)) == [*range(6)]
    run(worker.open("job", reset=True))
    assert given(worker, range(6)) == [*range(4)]
