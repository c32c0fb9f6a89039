"""Medians, percentiles, slopes; loads and what waiting alone allows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlproj.lab.fetch.loads import MOST_PAGES, Load, ideal_s, matrix, pages_for, sweep
from crawlproj.lab.fetch.models.table import MODELS
from crawlproj.lab.figures import Figure, fit, percentile

numbers = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=50)


@given(numbers)
def test_a_median_is_between_the_least_and_the_most(values: list[float]) -> None:
    figure = Figure.of(values)

    assert figure is not None
    assert min(values) == figure.low <= figure.median <= figure.high == max(values)


def test_a_figure_of_nothing_known_is_none() -> None:
    assert Figure.of([]) is None
    assert Figure.of([None, None]) is None
    assert Figure.of([None, 2.0]) == Figure(2.0, 2.0, 2.0)


@given(numbers, st.floats(0, 1))
def test_a_percentile_is_the_least_value_that_the_share_does_not_exceed(
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
def test_a_line_is_found_again(base: float, slope: float, xs: set[int]) -> None:
    line = fit([(x, base + slope * x) for x in xs])

    assert line is not None
    assert (line.base, line.slope) == pytest.approx((base, slope), rel=1e-3, abs=1e-3)


def test_one_load_has_no_slope() -> None:
    assert fit([(8.0, 1.0), (8.0, 2.0)]) is None


@given(st.lists(st.floats(0.001, 10), min_size=1, max_size=60), st.integers(1, 64))
def test_the_ideal_lies_between_waiting_shared_out_and_waiting_in_turn(
    latencies: list[float], in_flight: int
) -> None:
    ideal = ideal_s(latencies, in_flight)

    least = max(sum(latencies) / in_flight, *latencies)
    assert least - 1e-9 <= ideal <= sum(latencies) + 1e-9
    assert ideal <= sum(latencies) / in_flight + max(latencies) + 1e-9  # Graham's bound


def test_a_sweep_stops_at_the_models_own_bound() -> None:
    assert [load.in_flight for load in sweep(MODELS["fork"], [1, 8, 512], 2, 0)] == [1, 8, 64]
    assert [load.in_flight for load in sweep(MODELS["serial"], [8, 64], 2, 0)] == [1]
    assert sweep(MODELS["workers"], [1, 8], 2, 0.0) == [Load(1, 1), Load(8, 2)]


def test_the_matrix_holds_the_requests_in_flight_equal() -> None:
    assert matrix(2, [2, 64], [0.0]) == [
        Load(2, 1), Load(2, 2), Load(64, 1), Load(64, 2), Load(64, 4),
    ]  # fmt: skip


def test_pages_are_as_many_as_the_time_has_room_for() -> None:
    assert pages_for(Load(100), 0.1, seconds=1.0, cores=2, turns=1) == 1000
    assert pages_for(Load(100), 0.1, seconds=1.0, cores=2, turns=1, cpu_s=0.01) == 200
    assert pages_for(Load(100, parse_ms=10), 0.1, seconds=1.0, cores=2, turns=1) == 100
    assert pages_for(Load(1), 0.1, seconds=0.1, cores=2, turns=4) == 8
    assert pages_for(Load(64), 0.1, seconds=0.01, cores=2, turns=4) == 256
    assert pages_for(Load(512), 0.001, seconds=60.0, cores=2, turns=1) == MOST_PAGES
