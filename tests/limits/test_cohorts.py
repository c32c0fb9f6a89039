"""The evidence of requests that started together, complete or not."""

from __future__ import annotations

from math import exp, log
from statistics import fmean

import pytest

from crawlproj.limits.cohorts import Cohort, Cohorts, Evidence
from tests.limits.models import dice

NOW = 1000.0
LIMIT = 30.0  # for cohorts of 18


def started(cohorts: Cohorts, n: int) -> list[Cohort]:
    return [cohorts.start(8, LIMIT, NOW + k / 50) for k in range(n)]


def warmed_up() -> Cohorts:
    """Cohorts that know their usual latency, 0.1 s, and variance."""
    cohorts = Cohorts()
    rng = dice(3)
    for n in range(40):
        for cohort in started(cohorts, 20):
            cohorts.answer(cohort, 0.1 * exp(rng.gauss(0, 0.5)), 0.0)
        while cohorts.ripe(NOW + n) is not None:
            pass
    cohorts.clear()
    cohorts.expect(log(0.1))
    return cohorts


def test_a_cohort_is_judged_as_soon_as_its_quicker_half_is_known() -> None:
    cohorts = Cohorts()
    mine = started(cohorts, 19)
    assert mine[17] is mine[0]
    assert mine[18] is not mine[0]
    for cohort in mine[:8]:
        cohorts.answer(cohort, 0.2, 0.0)
    assert cohorts.ripe(NOW + 9) is None
    cohorts.answer(mine[8], 0.2, 0.0)
    evidence = cohorts.ripe(NOW + 9)
    assert evidence is not None
    assert evidence.latency == pytest.approx(log(0.2))
    assert evidence.load == pytest.approx(8)


def test_a_cohort_at_a_low_limit_is_small_because_a_dozen_answers_take_long_there() -> None:
    sizes = []
    for limit in (2.0, 8.0):
        cohorts = Cohorts()
        mine = [cohorts.start(1, limit, NOW + n) for n in range(50)]
        sizes.append(mine.count(mine[30]))  # the first four are smaller at any limit
    assert sizes == [8, 12]


def test_a_cohort_waits_while_a_quicker_answer_may_still_come() -> None:
    cohorts = Cohorts()
    mine = started(cohorts, 19)
    for cohort in mine[:9]:
        cohorts.answer(cohort, 0.4, 0.0)
    last_at = NOW + 17 / 50
    assert cohorts.ripe(last_at + 0.3) is None
    assert cohorts.ripe(last_at + 0.41) is not None


def test_a_few_expensive_pages_do_not_make_a_cohort_slower() -> None:
    plain, mixed = Cohorts(), Cohorts()
    found = []
    for cohorts, worst_s in ((plain, 0.1), (mixed, 5.0)):
        for number, cohort in enumerate(started(cohorts, 19)[:18]):
            cohorts.answer(cohort, worst_s if number % 4 == 0 else 0.1, 0.0)
        found.append(cohorts.ripe(NOW + 9))
    assert found[0] is not None
    assert found[1] is not None
    assert found[0].latency == found[1].latency


def test_a_cohort_that_is_cut_short_is_judged_alone_unless_it_is_tiny() -> None:
    cohorts = Cohorts()
    for size, judged_alone in ((3, False), (4, True)):
        for cohort in started(cohorts, size):
            cohorts.answer(cohort, 0.2, 0.0)
        cohorts.cut()
        assert (cohorts.ripe(NOW + 9) is not None) is judged_alone


def judged(latency_s: float, seed: int) -> list[Evidence]:
    """Return the evidence of one cohort of 18 over time, from lognormal latencies."""
    cohorts = warmed_up()
    rng = dice(seed)
    mine = started(cohorts, 19)[:18]
    ends = sorted(
        ((NOW + k / 50) + (rtt_s := latency_s * exp(rng.gauss(0, 0.5))), rtt_s, cohort)
        for k, cohort in enumerate(mine)
    )
    found = []
    for at, rtt_s, cohort in ends:
        while (evidence := cohorts.ripe(at)) is not None:
            found.append(evidence)
        cohorts.answer(cohort, rtt_s, 0.0)
    while (evidence := cohorts.ripe(at)) is not None:
        found.append(evidence)
    return found


@pytest.mark.parametrize("latency_s", [0.07, 0.1, 0.15])
def test_unknown_latencies_do_not_bias_the_quicker_half(latency_s: float) -> None:
    found = [judged(latency_s, seed)[-1].latency for seed in range(200)]
    # The mean of the lower half of a normal distribution is 0.8 standard deviations below.
    assert fmean(found) == pytest.approx(log(latency_s) - 0.8 * 0.5, abs=0.06)


def test_a_cohort_that_is_mostly_late_raises_an_alarm_once() -> None:
    found = judged(1.0, 1)
    assert found[0].early
    assert found[0].latency < log(0.6), "only what is known is said"
    assert [each.early for each in found].count(True) == 1


def test_requests_without_a_sample_do_not_hold_a_cohort_up() -> None:
    cohorts = Cohorts()
    mine = started(cohorts, 19)[:18]
    for cohort in mine[:3]:
        cohort.withdraw(8)
    for cohort in mine[3:]:
        cohorts.answer(cohort, 0.2, 0.0)
    evidence = cohorts.ripe(NOW + 1)
    assert evidence is not None
    assert evidence.load == pytest.approx(8)


def test_a_cohort_of_which_all_are_withdrawn_says_nothing() -> None:
    cohorts = Cohorts()
    for cohort in started(cohorts, 19)[:18]:
        cohort.withdraw(8)
    assert cohorts.ripe(NOW + 1) is None


def test_the_lag_of_our_own_loop_makes_evidence_doubtful() -> None:
    sure, doubtful = Cohorts(), Cohorts()
    for cohorts, lag_s in ((sure, 0.0), (doubtful, 0.2)):
        for cohort in started(cohorts, 19)[:18]:
            cohorts.answer(cohort, 0.2, lag_s)
    found = [cohorts.ripe(NOW + 1) for cohorts in (sure, doubtful)]
    assert found[0] is not None
    assert found[1] is not None
    assert found[1].variance > found[0].variance + 0.9
