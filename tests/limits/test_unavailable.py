"""A 503 means "too fast" only at some sites."""

from __future__ import annotations

from itertools import count

import pytest

from crawlproj.limits.unavailable import Unavailable
from tests.limits.models import dice

starts = count()  # seconds


def refuse(site: Unavailable, times: int, *, in_flight: int = 1) -> None:
    for _ in range(times):
        site.note(next(starts), in_flight, refused=True, alone=in_flight == 1, again=False)


def answer(site: Unavailable, times: int = 1, *, again: bool = False) -> None:
    for _ in range(times):
        site.note(next(starts), 1, refused=False, alone=True, again=again)


def limiting() -> Unavailable:
    """Return a site that answers a request in four seconds, and is asked each second."""
    site = Unavailable()
    answer(site)
    for _ in range(4):
        refuse(site, 3)
        answer(site, again=True)
    assert site.limits_rate
    return site


def test_a_site_that_refuses_what_comes_soon_after_an_answer_limits_its_rate() -> None:
    site = Unavailable()
    answer(site, 2)
    for _ in range(3):
        refuse(site, 3)
        answer(site)
    refuse(site, 3)
    assert not site.limits_rate
    answer(site, again=True)
    assert site.limits_rate


@pytest.mark.parametrize("answers", [(6, 6, 6), (3, 14, 7)], ids=["as many", "never as many"])
def test_a_site_that_refuses_one_request_after_the_other_limits_its_rate(
    answers: tuple[int, ...],
) -> None:
    site = Unavailable()
    for number in answers:
        refuse(site, 6)
        answer(site, number)
    assert not site.limits_rate
    answer(site, again=True)
    assert site.limits_rate


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_a_site_that_fails_by_chance_does_not_limit_its_rate(share: float) -> None:
    for seed in range(20):
        site, chance = Unavailable(), dice(seed)
        for _ in range(100):
            failed = chance.random() < share
            site.note(next(starts), 1, refused=failed, alone=True, again=True)
            assert not site.limits_rate


def test_an_outage_is_no_limit() -> None:
    site = Unavailable()
    for answers in (20, 90, 30, 40, 25):
        answer(site, answers, again=True)
        refuse(site, 20)
    assert not site.limits_rate


def test_a_site_that_refuses_all_for_long_after_as_many_answers_again_limits_its_rate() -> None:
    site = Unavailable()
    for _ in range(2):
        answer(site, 20)
        refuse(site, 50)
    assert not site.limits_rate
    answer(site, again=True)
    assert site.limits_rate


def test_pages_that_are_refused_each_time_are_broken() -> None:
    site = Unavailable()
    for _ in range(50):
        refuse(site, 3)
        answer(site)
    assert not site.limits_rate


def test_a_site_that_refuses_only_what_comes_at_once_cannot_serve_more() -> None:
    site = Unavailable()
    for _ in range(50):
        refuse(site, 3, in_flight=4)
        answer(site, again=True)
    assert not site.limits_rate


def test_a_few_refusals_among_many_answers_are_no_limit() -> None:
    site = Unavailable()
    for _ in range(50):
        refuse(site, 1)
        answer(site, 7, again=True)
    assert not site.limits_rate


def test_a_site_whose_rate_was_found_goes_on_to_be_believed() -> None:
    site = limiting()
    refuse(site, 20)
    for _ in range(50):
        answer(site, 19)
        refuse(site, 1)
    assert site.limits_rate


def test_a_site_that_refuses_as_much_at_any_rate_is_not_believed_again() -> None:
    site = limiting()
    for _ in range(20):
        answer(site, again=True)
        for _ in range(15):
            next(starts)
        refuse(site, 1)
    assert not site.limits_rate
    for _ in range(5):
        refuse(site, 3)
        answer(site, again=True)
    assert not site.limits_rate
    assert not site.tries()


def test_some_pages_are_asked_for_again_soon_to_see_whether_they_are_broken() -> None:
    site = Unavailable()
    refuse(site, 3)
    answer(site)
    refuse(site, 3)
    assert not site.tries()
    answer(site)
    assert [site.tries() for _ in range(18)] == [True] * 16 + [False] * 2
    assert not limiting().tries()
