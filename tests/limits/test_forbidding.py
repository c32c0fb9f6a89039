"""The sense of a 403: a forbidden page, a limiter, or a ban."""

from __future__ import annotations

from crawlproj.limits.forbidding import Forbidding, Sense, Trial


def blocked(now: float = 100.0) -> Forbidding:
    site = Forbidding()
    assert site.on_403(now, now, again=False) is Sense.UNKNOWN
    assert site.on_trial(now, Trial.ALL_FORBIDDEN) is Sense.BLOCKED
    return site


def limiting() -> Forbidding:
    """Return a site that answered a page which it had just refused."""
    site = Forbidding()
    site.on_403(1.0, 1.0, again=False)
    assert site.on_trial(1.0, Trial.ANSWERED) is Sense.TOO_FAST
    return site


def test_ever_fewer_of_the_pages_that_are_forbidden_are_tried_whatever_else_is_answered() -> None:
    site, tried = Forbidding(), []
    for number in range(1, 600):
        if site.on_403(1.0, 1.0, again=False) is Sense.UNKNOWN:
            tried.append(number)
            assert site.on_trial(1.0, Trial.FORBIDDEN) is Sense.OWN
        site.on_answer(1.0, again=False)
    assert tried == [1, 5, 21, 85, 341, 597]


def test_others_that_are_forbidden_during_a_trial_are_put_off_and_then_believed() -> None:
    site = Forbidding()
    site.on_403(1.0, 1.0, again=False)
    assert site.on_403(1.0, 1.0, again=False) is Sense.PENDING
    site.on_trial(1.0, Trial.FORBIDDEN)
    assert site.on_403(2.0, 2.0, again=True) is Sense.OWN


def test_where_a_trial_shows_that_the_site_accepts_again_each_403_means_too_fast() -> None:
    site = limiting()
    assert [site.on_403(2.0, 2.0, again=False) for _ in range(3)] == 3 * [Sense.TOO_FAST]


def test_a_page_that_is_answered_after_a_403_shows_a_limit_although_a_trial_did_not() -> None:
    site = Forbidding()
    site.on_403(1.0, 1.0, again=False)
    site.on_403(1.0, 1.0, again=False)
    site.on_trial(1.0, Trial.FORBIDDEN)
    site.on_answer(2.0, again=True)
    assert site.on_403(3.0, 3.0, again=False) is Sense.TOO_FAST


def test_a_page_that_is_forbidden_twice_where_403_is_a_limit_is_tried_before_it_is_believed() -> (
    None
):
    site = limiting()
    assert site.on_403(2.0, 2.0, again=True) is Sense.UNKNOWN
    assert site.on_trial(2.0, Trial.FORBIDDEN) is Sense.OWN


def test_forbidden_pages_of_a_site_that_limits_do_not_slow_it_down_for_ever() -> None:
    site = limiting()
    for _ in range(3):
        assert site.on_403(2.0, 2.0, again=True) is Sense.UNKNOWN
        site.on_trial(2.0, Trial.FORBIDDEN)
    assert site.on_403(3.0, 3.0, again=False) is Sense.PENDING
    assert site.on_403(4.0, 4.0, again=True) is Sense.OWN
    site.on_answer(5.0, again=True)
    assert site.on_403(6.0, 6.0, again=False) is Sense.TOO_FAST


def test_a_trial_without_an_answer_is_repeated() -> None:
    site = Forbidding()
    site.on_403(1.0, 1.0, again=False)
    assert site.on_trial(1.0, Trial.NOTHING) is Sense.PENDING
    assert site.on_403(2.0, 2.0, again=True) is Sense.UNKNOWN


def test_a_site_that_answers_after_a_rest_blocks_for_a_while_and_each_403_means_to_wait() -> None:
    site = blocked(100.0)
    assert site.wait_s == 10.0
    assert site.on_403(99.0, 101.0, again=False) is Sense.BLOCKED, "it was sent before"
    assert site.wait_s == 10.0
    site.on_answer(131.0, again=True)
    assert site.on_403(140.0, 140.0, again=False) is Sense.BLOCKED
    assert site.wait_s == 10.0


def test_an_answer_to_a_request_from_before_a_block_does_not_end_it() -> None:
    site = blocked(100.0)
    site.on_answer(99.0, again=True)
    assert site.on_403(99.5, 102.0, again=False) is Sense.BLOCKED
    assert site.wait_s == 10.0


def test_a_site_that_forbids_for_longer_than_five_minutes_is_left_alone() -> None:
    site, now = blocked(100.0), 100.0
    for _ in range(4):
        now += site.wait_s
        assert site.on_403(now, now, again=True) is Sense.BLOCKED
    now += site.wait_s
    assert now - 100.0 > 300
    assert site.on_403(now, now, again=True) is Sense.BANNED
    assert site.is_banned
    assert site.on_403(now, now, again=True) is Sense.OWN


def test_requests_that_were_sent_at_once_after_a_rest_are_one_try() -> None:
    site = blocked(100.0)
    for ended in (132.0, 133.0, 134.0, 135.0):
        assert site.on_403(131.0, ended, again=True) is Sense.BLOCKED
    assert site.wait_s == 20.0
