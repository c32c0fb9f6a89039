"""Medians, percentiles and slopes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlproj.lab.figures import Figure, fit, percentile

numbers = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=50)


@given(numbers)
def test_a_median_is_between_the_minimum_and_the_maximum(values: list[float]) -> None:
    figure = Figure.of(values)

    assert figure is not None
    assert min(values) == figure.low <= figure.median <= figure.high == max(values)


def test_a_figure_leaves_out_unknown_values() -> None:
    assert Figure.of([]) is None
    assert Figure.of([None, None]) is None
    assert Figure.of([None, 2.0]) == Figure(2.0, 2.0, 2.0)


@given(numbers, st.floats(0, 1))
def test_a_percentile_is_the_smallest_value_that_the_share_does_not_exceed(
    values: list[float], share: float
) -> None:
    found = percentile(values, share)

    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert all(
        sum(value <= other for value in values) < share * len(values)
        for other in values
        if other < found
    )


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.sets(st.integers(1, 512), min_size=2))
def test_the_line_through_points_on_a_line_is_found(
    base: float, slope: float, xs: set[int]
) -> None:
    line = fit([(x, base + slope * x) for x in xs])

    assert line is not None
    assert (line.base, line.slope) == pytest.approx((base, slope), rel=1e-3, abs=1e-3)


def test_there_is_no_line_through_a_single_x() -> None:
    assert fit([(8.0, 1.0), (8.0, 2.0)]) is None
