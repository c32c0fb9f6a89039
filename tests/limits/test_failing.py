"""A 500 means "too much at once" only at some sites."""

from __future__ import annotations

import random

from crawlproj.limits.failing import Failing


def answers(site: Failing, times: int, *, in_flight: int = 8, failing: float = 0.0) -> None:
    """Let pages be asked for that were not before; a share of them fails, at random."""
    dice = random.Random(f"{times} {in_flight} {failing}")  # noqa: S311 - not a secret
    for _ in range(times):
        site.note(failed=dice.random() < failing, in_flight=in_flight, again=False)


def again(site: Failing, times: int, *, failed: bool, in_flight: int = 8) -> None:
    for _ in range(times):
        site.note(failed=failed, in_flight=in_flight, again=True)


def overloaded() -> Failing:
    site = Failing()
    answers(site, 64, failing=0.4)
    again(site, 3, failed=False)
    assert site.overloads
    return site


def test_a_site_whose_pages_fail_only_with_more_in_flight_is_overloaded() -> None:
    site = Failing()
    answers(site, 20, in_flight=4)
    answers(site, 30, failing=0.7)
    assert site.overloads


def test_a_site_that_answers_later_what_failed_is_overloaded() -> None:
    site = Failing()
    answers(site, 64, failing=0.3)
    assert not site.overloads
    again(site, 2, failed=False)
    again(site, 2, failed=True)
    assert not site.overloads
    again(site, 1, failed=False)
    assert site.overloads


def test_pages_that_always_fail_are_broken_however_many_there_are() -> None:
    site = Failing()
    for _ in range(20):
        for in_flight in (1, 2, 5, 8):
            answers(site, 16, in_flight=in_flight, failing=0.3)
        again(site, 16, failed=True)
    assert not site.overloads


def test_a_few_failures_that_pass_are_no_overload() -> None:
    site = Failing()
    for _ in range(20):
        answers(site, 50, failing=0.05)
        again(site, 2, failed=False)
    assert not site.overloads


def test_some_pages_are_asked_for_again_soon_if_many_fail() -> None:
    site = Failing()
    answers(site, 20)
    assert not site.tries(), "none failed"
    answers(site, 20, failing=0.5)
    assert [site.tries() for _ in range(10)] == [True] * 8 + [False] * 2
    again(site, 8, failed=True)
    answers(site, 64, failing=0.5)
    assert [site.tries() for _ in range(2)] == [True, False]


def test_an_overload_that_ends_with_fewer_in_flight_goes_on_to_be_believed() -> None:
    site = overloaded()
    answers(site, 64, failing=0.4)
    answers(site, 1000, in_flight=4, failing=0.02)
    assert site.overloads


def test_a_site_that_fails_as_often_with_fewer_in_flight_is_not_believed_again() -> None:
    site = overloaded()
    answers(site, 300, in_flight=4, failing=0.4)
    assert not site.overloads
    again(site, 8, failed=False)
    answers(site, 64, failing=0.6)
    assert not site.overloads
    assert not site.tries()


def test_pages_that_fail_again_and_again_are_broken_although_it_seemed_an_overload() -> None:
    site = Failing()
    answers(site, 20, in_flight=4)
    answers(site, 30, failing=0.7)
    assert site.overloads
    again(site, 30, failed=True)
    again(site, 15, failed=True, in_flight=4)
    assert site.overloads
    again(site, 1, failed=True, in_flight=4)
    assert not site.overloads


def test_one_page_that_is_answered_later_shows_that_not_all_are_broken() -> None:
    site = overloaded()
    for _ in range(3):
        again(site, 15, failed=True, in_flight=4)
        again(site, 1, failed=False, in_flight=4)
        assert site.overloads


def test_a_page_that_fails_again_and_again_counts_once() -> None:
    site = Failing()
    answers(site, 60, in_flight=4)
    answers(site, 3, failing=1.0)
    again(site, 20, failed=True)
    assert not site.overloads


def test_it_takes_four_failures_and_a_tenth_of_the_answers() -> None:
    few = Failing()
    answers(few, 3, failing=1.0)
    again(few, 3, failed=False)
    assert not few.overloads
    rare = Failing()
    answers(rare, 4, failing=1.0)
    answers(rare, 60)
    again(rare, 5, failed=False)
    assert not rare.overloads
