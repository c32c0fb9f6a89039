"""A few cohorts move the belief."""

from __future__ import annotations

from math import exp, log

import pytest

from crawlproj.limits.belief import Belief

SURE = 0.02**2  # variance of a cohort's latency
WIDTH = 0.04  # of single latencies


def seen(*cohorts: tuple[float, float], times: int = 4) -> Belief:
    """Return the belief after cohorts of (requests in flight, latency in s)."""
    belief = Belief(64)
    for in_flight, latency_s in cohorts * times:
        belief.see(in_flight, log(latency_s), SURE, WIDTH)
    return belief


def test_one_number_in_flight_does_not_tell_a_queue_from_a_slow_site() -> None:
    belief = seen((8, 0.4))
    assert belief.knee(0.1) < 6
    assert belief.knee(0.9) > 16
    assert belief.latency_sd > 0.2


def test_latency_that_grows_with_the_number_in_flight_is_a_queue() -> None:
    belief = seen((4, 0.1), (8, 0.1), (16, 0.2), (32, 0.4))
    assert 6 < belief.knee(0.2) < belief.knee(0.8) < 10
    assert exp(belief.latency) == pytest.approx(0.1, rel=0.1)


def test_latency_that_stays_while_the_number_falls_means_there_was_no_queue() -> None:
    belief = seen((16, 0.4), (8, 0.4), (4, 0.4))
    assert belief.knee(0.3) > 14
    assert exp(belief.latency) == pytest.approx(0.4, rel=0.1)


def test_a_site_that_became_slower_keeps_its_knee_once_a_lower_number_was_tried() -> None:
    belief = seen((4, 0.1), (8, 0.1), (16, 0.2))
    for _ in range(4):
        for in_flight, latency_s in ((4, 0.3), (8, 0.3), (16, 0.6)):
            belief.see(in_flight, log(latency_s), SURE, WIDTH)
    assert 6 < belief.knee(0.5) < 10
    assert exp(belief.latency) == pytest.approx(0.3, rel=0.1)


def test_a_site_that_lost_workers_is_believed_after_a_few_cohorts() -> None:
    belief = seen((4, 0.1), (8, 0.1), (16, 0.1))
    for in_flight, latency_s in ((16, 0.4), (8, 0.2), (4, 0.1), (5, 0.125), (4, 0.1)):
        belief.see(in_flight, log(latency_s), SURE, WIDTH)
    assert 3 < belief.knee(0.5) < 5.5


def test_an_order_of_answers_that_one_worker_cannot_give_makes_one_less_likely() -> None:
    belief = seen((2, 0.4), (1, 0.3))
    chance = belief.chance_of_one()
    belief.doubt_single()
    assert chance / 5 < belief.chance_of_one() < chance
    for _ in range(100):
        belief.doubt_single()
    assert belief.knee(0.01) > 1.5, "and some chance is left, so that it may be found again"
    assert belief.chance_of_one() > 0


def test_a_recalled_latency_is_kept_and_the_knee_is_open() -> None:
    belief = Belief(64)
    belief.forget_knee(log(0.2))
    assert belief.known
    assert exp(belief.latency) == pytest.approx(0.2)
    assert belief.knee(0.9) > 30
    assert belief.knee(0.1) < 3
    belief.see(8, log(0.4), SURE, WIDTH)
    assert 3 < belief.knee(0.5) < 5.5
