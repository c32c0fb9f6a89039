from __future__ import annotations

from crawlproj.scheduling.budget import Budget


def test_twice_as_many_may_be_in_hand_as_are_downloading() -> None:
    budget = Budget(8, 0)
    assert budget.allows(in_hand=15, outstanding=15)
    assert not budget.allows(in_hand=16, outstanding=16)


def test_acks_that_are_not_durable_yet_hold_up_downloads_only_when_they_are_many() -> None:
    budget = Budget(8, 0)
    assert budget.allows(in_hand=8, outstanding=23)
    assert not budget.allows(in_hand=8, outstanding=24)


def test_each_request_in_hand_may_become_a_page() -> None:
    budget = Budget(8, 10)
    budget.pages = 7
    assert budget.allows(in_hand=2, outstanding=2)
    assert not budget.allows(in_hand=3, outstanding=3)
    assert not budget.spent


def test_it_is_spent_when_as_many_pages_are_done() -> None:
    budget = Budget(8, 10)
    budget.pages = 10
    assert budget.spent
    assert not budget.allows(in_hand=0, outstanding=0)


def test_zero_pages_mean_no_limit() -> None:
    budget = Budget(8, 0)
    budget.pages = 10**9
    assert budget.allows(in_hand=1, outstanding=1)
    assert not budget.spent
