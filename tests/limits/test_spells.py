"""Spells of refusals come from a limiter if they begin after as many answers."""

from __future__ import annotations

import pytest

from crawlproj.limits.spells import Spells


def go_through(spells: Spells, *answered: int, lasts_s: float = 5.0, now: float = 0.0) -> bool:
    """Answer so many requests before each spell, and one after the last; return what it shows."""
    for answers in answered:
        for _ in range(answers):
            spells.on_answer(now)
            now += 0.01
        spells.on_refused(now)
        spells.on_refused(now + lasts_s / 2)
        now += lasts_s
    spells.on_answer(now)
    return spells.recur


@pytest.mark.parametrize("answered", [(20, 20), (5, 6), (100, 92), (40, 20, 21)])
def test_spells_after_as_many_answers_are_those_of_a_limiter(answered: tuple[int, ...]) -> None:
    assert go_through(Spells(), *answered)


@pytest.mark.parametrize("answered", [(20,), (20, 35), (100, 80), (9, 3, 14, 40)])
def test_outages_begin_at_any_time(answered: tuple[int, ...]) -> None:
    assert not go_through(Spells(), *answered)


def test_refusals_for_less_than_two_seconds_are_no_spell() -> None:
    assert not go_through(Spells(), 20, 20, 20, lasts_s=1.5)


def test_while_some_requests_are_answered_there_is_no_spell() -> None:
    spells = Spells()
    for second in range(100):
        spells.on_refused(float(second))
        spells.on_answer(second + 0.5)
    assert not spells.recur


def test_a_time_out_that_is_noticed_after_the_spell_begins_no_other_one() -> None:
    spells = Spells()
    go_through(spells, 20)
    spells.on_refused(0.25)  # of a request that was sent in the first spell
    assert go_through(spells, 19, now=30.0)
