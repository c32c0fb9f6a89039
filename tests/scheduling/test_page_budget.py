from __future__ import annotations

from crawlproj.scheduling.page_budget import PageBudget


def test_each_request_in_hand_may_become_a_page() -> None:
    budget = PageBudget(10)
    budget.pages = 7
    assert budget.allows(in_hand=2)
    assert not budget.allows(in_hand=3)
    assert not budget.spent


def test_it_is_spent_when_as_many_pages_are_done() -> None:
    budget = PageBudget(10)
    budget.pages = 10
    assert budget.spent
    assert not budget.allows(in_hand=0)


def test_zero_means_no_limit() -> None:
    budget = PageBudget(0)
    budget.pages = 10**9
    assert budget.allows(in_hand=10**9)
    assert not budget.spent
