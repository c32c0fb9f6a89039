"""A 429 means "too much at once" only at some sites."""

from __future__ import annotations

import random

import pytest

from crawlproj.limits.at_once import AtOnce


def answers(site: AtOnce, times: int, in_flight: int) -> None:
    for _ in range(times):
        site.note(refused=False, in_flight=in_flight)


def refusals(site: AtOnce, times: int, in_flight: int) -> None:
    for _ in range(times):
        site.note(refused=True, in_flight=in_flight)


def limited_to_two() -> AtOnce:
    site = AtOnce(highest=2)
    for _ in range(3):
        answers(site, 10, 1)
        answers(site, 10, 2)
        refusals(site, 1, 3)
    assert site.limits
    return site


def test_a_site_that_refuses_whatever_is_above_a_number_and_nothing_below_limits_that() -> None:
    site = AtOnce(highest=2)
    answers(site, 20, 1)
    answers(site, 10, 2)
    refusals(site, 3, 4)
    assert not site.limits, "a bucket may have been empty"
    answers(site, 20, 2)
    refusals(site, 1, 3)
    assert site.limits


def test_a_first_refusal_with_more_in_flight_than_any_answer_is_presumed_to_show_a_limit() -> None:
    site = AtOnce(highest=2)
    refusals(site, 1, 3)
    assert site.limits
    answers(site, 1, 3)  # the site had ended one before
    refusals(site, 3, 3)
    assert site.limits


@pytest.mark.parametrize(
    "site",
    [AtOnce(highest=1), AtOnce(highest=3), AtOnce(highest=2, presumes=False)],
    ids=["two that started together", "as many were answered", "a rate is known"],
)
def test_a_first_refusal_that_shows_little_is_not(site: AtOnce) -> None:
    refusals(site, 1, min(3, site._highest + 1))
    assert not site.limits


def test_a_refusal_that_says_when_to_come_again_is_not_presumed_to_show_a_limit() -> None:
    site = AtOnce(highest=2)
    site.note(refused=True, in_flight=3, timed=True)
    assert not site.limits


@pytest.mark.parametrize(("answered", "refused"), [(4, 3), (1, 2)], ids=["as much", "less"])
def test_a_refusal_of_as_much_as_is_answered_shows_that_the_presumption_was_wrong(
    answered: int, refused: int
) -> None:
    site = AtOnce(highest=2)
    refusals(site, 1, 3)
    answers(site, answered, refused)
    refusals(site, 1, refused)
    assert not site.limits
    answers(site, 9, 2)
    refusals(site, 1, 5)
    assert not site.limits, "it is not presumed again"


def test_a_site_that_refuses_requests_that_are_alone_limits_its_rate() -> None:
    site = AtOnce(highest=2)
    for _ in range(20):
        answers(site, 10, 1)
        refusals(site, 2, 1)
    assert not site.limits


def test_a_site_that_refuses_and_answers_with_the_same_number_in_flight_limits_its_rate() -> None:
    dice = random.Random(1)  # noqa: S311 - not a secret
    site = AtOnce(highest=8)
    refusals(site, 3, 8)
    for _ in range(20):
        for _ in range(25):
            answers(site, 1, dice.choice((1, 2, 2, 3)))
        refusals(site, 1, dice.choice((2, 3, 3)))
    assert not site.limits


def test_a_limit_that_was_hardly_used_is_not_believed() -> None:
    site = AtOnce(highest=2)
    answers(site, 1, 2)
    for _ in range(4):
        answers(site, 20, 1)
        refusals(site, 3, 3)
        assert not site.limits, "two in flight may be too much, too"
    answers(site, 1, 2)
    refusals(site, 1, 3)
    assert site.limits


def test_refusals_that_came_all_at_one_time_are_not_believed() -> None:
    site = AtOnce(highest=2)
    answers(site, 40, 2)
    refusals(site, 9, 3)
    assert not site.limits, "a bucket may have been empty at that time"
    answers(site, 1, 2)
    refusals(site, 1, 3)
    assert site.limits


def test_a_site_that_answered_more_at_once_before_limits_its_rate() -> None:
    site = AtOnce(highest=8)  # its bucket was full
    for _ in range(5):
        answers(site, 20, 1)
        answers(site, 20, 2)
        refusals(site, 1, 3)
    assert not site.limits
    for _ in range(20):
        answers(site, 20, 2)
        refusals(site, 1, 3)
    assert site.limits, "that was long ago"


def test_an_answer_that_was_under_way_does_not_hide_the_limit() -> None:
    site = AtOnce(highest=2)
    for _ in range(4):
        answers(site, 10, 2)
        answers(site, 1, 3)
        refusals(site, 2, 3)
    assert site.limits


def test_a_few_refusals_above_the_limit_go_on_to_be_believed() -> None:
    site = limited_to_two()
    for _ in range(50):
        answers(site, 30, 2)
        refusals(site, 1, 3)
    assert site.limits


def test_a_site_that_refuses_two_requests_that_are_alone_is_not_believed_again() -> None:
    site = limited_to_two()
    refusals(site, 2, 1)
    assert not site.limits
    for _ in range(8):
        answers(site, 20, 2)
        refusals(site, 1, 3)
        assert not site.limits


def test_one_request_alone_that_is_refused_in_each_trial_is_no_evidence() -> None:
    site = limited_to_two()
    for _ in range(5):
        refusals(site, 1, 1)
        answers(site, 127, 2)
        assert site.limits


def test_a_site_that_goes_on_to_refuse_a_fifth_above_the_limit_is_not_believed() -> None:
    site = limited_to_two()
    for _ in range(50):
        answers(site, 4, 2)
        refusals(site, 1, 3)
    assert not site.limits


def test_a_site_that_refuses_as_much_with_fewer_in_flight_is_not_believed() -> None:
    site = limited_to_two()
    for _ in range(50):
        answers(site, 4, 2)
        refusals(site, 1, 2)
    assert not site.limits
