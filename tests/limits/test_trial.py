"""A belief about a site holds or not by the answers that follow."""

from __future__ import annotations

from crawlproj.limits.trial import Trial


def test_answers_while_it_settles_do_not_count() -> None:
    trial = Trial(3, 4, 0.25)
    assert [trial.note(bad=True) for _ in range(3)] == [None] * 3
    assert [trial.note(bad=n == 0) for n in range(4)] == [None, None, None, True]


def test_each_time_enough_have_come_it_is_judged_anew() -> None:
    trial = Trial(0, 2, 0.5)
    assert [trial.note(bad=bad) for bad in (True, False, False, False)] == [None, True, None, True]
    assert [trial.note(bad=True) for _ in range(2)] == [None, False]
