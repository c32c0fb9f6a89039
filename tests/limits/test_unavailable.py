"""A 503 means "too fast" only at some sites."""

from __future__ import annotations

from itertools import count

from crawlproj.limits.unavailable import Unavailable

starts = count()  # seconds


def refuse(site: Unavailable, times: int, *, alone: bool = True) -> None:
    for _ in range(times):
        site.note(next(starts), 1, refused=True, alone=alone, again=False)


def answer(site: Unavailable, times: int = 1, *, again: bool = False) -> None:
    for _ in range(times):
        site.note(next(starts), 1, refused=False, alone=True, again=again)


def limiting() -> Unavailable:
    site = Unavailable()
    for _ in range(2):
        refuse(site, 3)
        answer(site, again=True)
    assert site.limits_rate
    return site


def test_a_site_that_refuses_requests_that_are_alone_and_answers_them_later_limits_its_rate() -> (
    None
):
    site = Unavailable()
    answer(site, 5)
    refuse(site, 3)
    answer(site)
    refuse(site, 3)
    assert not site.limits_rate
    answer(site, again=True)
    assert site.limits_rate


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
        refuse(site, 50, alone=False)
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
        refuse(site, 3, alone=False)
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
    for _ in range(50):
        answer(site, 3, again=True)
        refuse(site, 1)
    assert not site.limits_rate
    for _ in range(5):
        refuse(site, 3)
        answer(site, again=True)
    assert not site.limits_rate


def test_some_pages_are_asked_for_again_soon_to_see_whether_they_are_broken() -> None:
    site = Unavailable()
    refuse(site, 3)
    answer(site)
    refuse(site, 3)
    assert not site.tries()
    answer(site)
    assert [site.tries() for _ in range(6)] == [True] * 4 + [False] * 2
    assert not limiting().tries()
