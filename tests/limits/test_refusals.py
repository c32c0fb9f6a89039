"""The ceiling that refused requests set."""

from __future__ import annotations

import math

import pytest

from crawlproj.limits.base import Outcome, Sample
from crawlproj.limits.refusals import Refusals


def sample(at: float, in_flight: int, outcome: Outcome = Outcome.SUCCESS) -> Sample:
    return Sample(at, at + 0.1, 0.1, in_flight, outcome)


def drops(refusals: Refusals, in_flight: int, limit: float) -> float | None:
    """Let four requests be dropped; return the limit that follows."""
    moved = None
    for n in range(4):
        moved = refusals.on_drop(sample(n, in_flight, Outcome.DROPPED), limit) or moved
    return moved


def test_the_limit_goes_below_the_number_that_was_refused() -> None:
    refusals = Refusals()
    assert drops(refusals, in_flight=6, limit=6.0) == 5.0
    assert refusals.ceiling == 5.0


@pytest.mark.parametrize("limit", [1.0, 1.7, 4.0])
def test_a_limit_that_went_down_meanwhile_does_not_become_the_ceiling(limit: float) -> None:
    refusals = Refusals()
    assert drops(refusals, in_flight=6, limit=limit) == limit
    assert refusals.ceiling == 5.0


def test_the_ceiling_is_at_most_halved() -> None:
    refusals = Refusals()
    assert drops(refusals, in_flight=2, limit=20.0) == 10.0
    assert refusals.ceiling == 10.0


def test_further_drops_never_raise_the_ceiling() -> None:
    refusals = Refusals()
    drops(refusals, in_flight=4, limit=4.0)
    assert refusals.ceiling == 3.0
    for n in range(4):
        refusals.on_drop(sample(100 + n, 9, Outcome.DROPPED), 3.0)
    assert refusals.ceiling == 3.0


def test_few_drops_set_no_ceiling() -> None:
    refusals = Refusals()
    for n in range(100):
        outcome = Outcome.DROPPED if n % 40 == 7 else Outcome.SUCCESS
        if outcome is Outcome.DROPPED:
            refusals.on_drop(sample(n, 5, outcome), 5.0)
        else:
            refusals.on_answer(sample(n, 5), 5.0)
    assert refusals.ceiling == math.inf
