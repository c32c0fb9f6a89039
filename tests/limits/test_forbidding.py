"""The sense of a 403: a forbidden page, a limiter, or a ban."""

from __future__ import annotations

from crawlproj.limits.forbidding import Forbidding, Sense


def blocked(now: float = 100.0) -> Forbidding:
    site = Forbidding()
    assert site.on_403(now, now, again=False) is Sense.UNKNOWN
    assert site.on_known(now, forbidden=True) is Sense.BLOCKED
    return site


def test_a_known_page_is_asked_for_after_ever_more_403s_in_a_row() -> None:
    site, asked = Forbidding(), []
    for number in range(1, 70):
        if site.on_403(1.0, 1.0, again=False) is Sense.UNKNOWN:
            asked.append(number)
            assert site.on_known(1.0, forbidden=False) is Sense.OWN
        if number in {1, 5}:
            site.on_answer(1.0)
    assert asked == [1, 5, 21, 69]


def test_others_that_are_forbidden_while_a_known_page_is_asked_for_are_put_off() -> None:
    site = Forbidding()
    site.on_403(1.0, 1.0, again=False)
    assert site.on_403(1.0, 1.0, again=False) is Sense.PENDING


def test_a_site_that_answers_after_a_rest_limits_and_each_403_means_to_wait() -> None:
    site = blocked(100.0)
    assert site.wait_s == 30.0
    assert site.on_403(99.0, 101.0, again=False) is Sense.BLOCKED, "it was sent before"
    assert site.wait_s == 30.0
    site.on_answer(131.0)
    assert site.on_403(140.0, 140.0, again=False) is Sense.BLOCKED
    assert site.wait_s == 10.0


def test_a_page_that_is_forbidden_again_where_403_is_a_limit_is_compared_with_a_known_one() -> None:
    site = blocked(100.0)
    site.on_answer(131.0)
    assert site.on_403(140.0, 140.0, again=True) is Sense.UNKNOWN
    assert site.on_known(140.0, forbidden=False) is Sense.OWN


def test_a_site_that_forbids_three_more_times_is_left_alone() -> None:
    site, waits = blocked(100.0), []
    for now in (131.0, 200.0):
        assert site.on_403(now, now, again=True) is Sense.BLOCKED
        waits.append(site.wait_s)
    assert waits == [60.0, 120.0]
    assert site.on_403(330.0, 330.0, again=True) is Sense.BANNED
    assert site.is_banned
    assert site.on_403(331.0, 331.0, again=True) is Sense.OWN


def test_few_403s_after_a_known_page_was_answered_are_the_pages_own() -> None:
    site = Forbidding()
    site.on_403(1.0, 1.0, again=False)
    site.on_known(1.0, forbidden=False)
    assert [site.on_403(1.0, 1.0, again=False) for _ in range(2)] == [Sense.OWN, Sense.OWN]


def test_requests_that_were_sent_at_once_after_a_rest_are_one_try() -> None:
    site = blocked(100.0)
    for ended in (132.0, 133.0, 134.0, 135.0):
        assert site.on_403(131.0, ended, again=True) is Sense.BLOCKED
    assert site.wait_s == 60.0
