"""How often a page changes, from irregular checks."""

from __future__ import annotations

from math import exp, inf
from random import Random
from typing import TYPE_CHECKING

import pytest

from crawlproj.refresh.rates import (
    RATES,
    UNKNOWN,
    chance_of_change,
    expected_worth,
    likelihoods,
    prior_of,
    weighed,
    worth,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY = 86_400.0


def chances_of(checks: Sequence[float]) -> list[float]:
    return weighed(UNKNOWN, likelihoods(checks))


def checks(rate: float, number: int, random: Random) -> list[float]:
    """Checks at irregular times of a page that changes at ``rate``."""
    gaps = [random.uniform(0.1, 3) * DAY for _ in range(number)]
    return [t if random.random() < 1 - exp(-rate * t) else -t for t in gaps]


@pytest.mark.parametrize("likely", [RATES[5], RATES[7], RATES[9]])
def test_many_irregular_checks_tell_the_rate(likely: float) -> None:
    chances = chances_of(checks(likely, 400, Random(1)))  # noqa: S311 - a test's dice
    assert chances[RATES.index(likely)] > 0.9


def test_before_the_first_check_all_rates_are_equally_likely() -> None:
    assert chances_of([]) == pytest.approx([1 / len(RATES)] * len(RATES))


def test_checks_that_all_found_a_change_leave_the_faster_rates_open() -> None:
    chances = chances_of([2 * DAY] * 20)
    fast = [chance for rate, chance in zip(RATES, chances, strict=True) if rate > 3 / DAY]
    assert min(fast) > 0.8 * max(chances)
    assert chances[-1] < 1e-6


def test_the_longer_a_page_is_unchanged_the_less_likely_it_changed() -> None:
    found = [chance_of_change(chances_of([-days * DAY]), DAY) for days in (1, 10, 100, 1000)]
    assert found == sorted(found, reverse=True)
    assert found[0] < 0.3
    assert found[-1] < 0.01


def test_the_chance_of_a_change_is_that_of_its_rate_or_the_mean_of_several() -> None:
    first, second = RATES[4], RATES[7]
    certain = [float(rate == first) for rate in RATES]
    assert chance_of_change(certain, 2 * DAY) == pytest.approx(1 - exp(-first * 2 * DAY))
    either = [0.5 * (rate in {first, second}) for rate in RATES]
    mean = 1 - (exp(-first * DAY) + exp(-second * DAY)) / 2
    assert chance_of_change(either, DAY) == pytest.approx(mean)


def test_the_chances_add_up_to_one_whatever_was_found() -> None:
    for found in ([1e9] * 32, [-1e9] * 32, [1.0] * 32, [5e4, -5e8, 1.0]):
        assert sum(chances_of(found)) == pytest.approx(1)


def test_a_check_is_worth_more_the_older_it_is_but_never_more_than_the_time_between_changes() -> (
    None
):
    values = [worth(1 / DAY, days * DAY) for days in (0.1, 1, 10, 1000)]
    assert values == sorted(values)
    assert values[-1] == pytest.approx(DAY)
    assert worth(RATES[0], 1e12) == pytest.approx(1 / RATES[0])
    assert worth(RATES[0], inf) == pytest.approx(1 / RATES[0])  # it has changed for sure


def test_a_page_that_changed_at_every_check_is_worth_less_than_one_that_changed_sometimes() -> None:
    always, sometimes = chances_of([7 * DAY] * 6), chances_of([7 * DAY, -14 * DAY, 7 * DAY])
    assert expected_worth(always, 7 * DAY) < expected_worth(sometimes, 7 * DAY)


def test_the_rates_of_a_site_are_learned_from_its_pages_even_if_each_has_few_checks() -> None:
    weekly = [likelihoods([7 * DAY, -3 * DAY]) for _ in range(40)]
    yearly = [likelihoods([-30 * DAY, -30 * DAY]) for _ in range(40)]
    prior = prior_of(weekly + yearly)
    assert sum(prior) == pytest.approx(1)
    assert min(prior) > 0
    slow = sum(chance for rate, chance in zip(RATES, prior, strict=True) if rate < 1 / (90 * DAY))
    assert 0.35 < slow < 0.6
    fast = sum(chance for rate, chance in zip(RATES, prior, strict=True) if rate > 1 / DAY)
    assert fast < 0.1
