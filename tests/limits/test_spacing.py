"""Starts are spaced evenly, and lateness is caught up only where a limiter bears it."""

from __future__ import annotations

from crawlproj.limits.spacing import Spacing


def started(spacing: Spacing, *times: float, rate: float = 10.0) -> list[bool]:
    """Start at these times; return which starts were early."""
    return [spacing.on_start(now, spacing.due, rate) for now in times]


def test_the_next_start_is_due_after_one_interval() -> None:
    spacing = Spacing()
    started(spacing, 100.0)
    assert spacing.due == 100.1


def test_a_start_that_is_a_little_late_is_caught_up_and_one_that_is_very_late_is_not() -> None:
    spacing = Spacing()
    started(spacing, 100.0, 100.14)
    assert round(spacing.due, 3) == 100.2
    started(spacing, 107.0)
    assert round(spacing.due, 3) == 107.1


def test_a_start_is_early_if_the_one_before_was_late() -> None:
    assert started(Spacing(), 100.0, 100.14, 100.2) == [False, False, True]


def test_refusals_of_early_starts_end_the_catching_up_and_others_bring_it_back() -> None:
    spacing = Spacing()
    started(spacing, 100.0)
    for _ in range(3):
        spacing.on_refused(early=True)
    assert spacing.late_s(100.14, spacing.due) == 0
    for _ in range(9):
        spacing.on_refused(early=False)
    assert round(spacing.late_s(100.14, spacing.due), 3) == 0.04
