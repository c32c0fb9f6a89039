"""The histogram, checked against sorted lists."""

from __future__ import annotations

import json
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlproj.latency.histogram import MAX_S, MIN_S, RELATIVE_ERROR, Histogram

durations = st.floats(MIN_S, MAX_S)
many = st.lists(durations, min_size=1, max_size=200)
ERROR = RELATIVE_ERROR + 1e-9


def of(values: list[float]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.record(value)
    return histogram


@given(many, st.floats(0, 1))
def test_a_quantile_is_within_the_stated_error(values: list[float], q: float) -> None:
    ranked = sorted(values)
    rank = q * (len(values) - 1)
    found = of(values).quantile(q)
    candidates = {ranked[int(rank)], ranked[ceil(rank)]}
    assert any(abs(found - exact) <= ERROR * exact for exact in candidates)


@given(many)
def test_count_sum_and_max_are_exact(values: list[float]) -> None:
    histogram = of(values)
    assert histogram.count == len(values)
    assert histogram.sum == pytest.approx(sum(values))
    assert histogram.max == histogram.quantile(1) == max(values)


@given(many, many)
def test_merging_equals_recording_everything_in_one_histogram(
    ours: list[float], theirs: list[float]
) -> None:
    merged, everything = of(ours), of(ours + theirs)
    merged.merge(of(theirs))
    assert merged.data()["buckets"] == everything.data()["buckets"]
    assert (merged.count, merged.max) == (everything.count, everything.max)
    assert merged.sum == pytest.approx(everything.sum)


@given(many)
def test_a_histogram_survives_json(values: list[float]) -> None:
    histogram = of(values)
    again = Histogram.from_data(json.loads(json.dumps(histogram.data())))
    assert again.data() == histogram.data()
    assert again.count == histogram.count


@given(many, st.lists(durations, max_size=10))
def test_counts_up_to_bounds_rise_and_are_within_the_stated_error(
    values: list[float], bounds: list[float]
) -> None:
    bounds.sort()
    counts = of(values).counts_up_to(bounds)
    assert counts == sorted(counts)
    for bound, count in zip(bounds, counts, strict=True):
        assert sum(value <= bound * (1 - ERROR) for value in values) <= count
        assert count <= sum(value <= bound / (1 - ERROR) for value in values)


def test_durations_out_of_range_count_in_the_outer_buckets() -> None:
    histogram = of([0.0, 1e-9, MIN_S, MAX_S, 1e6])
    assert histogram.count == 5
    assert histogram.quantile(0) <= MIN_S * (1 + ERROR)
    assert histogram.quantile(0.99) == pytest.approx(MAX_S, rel=2 * ERROR)
    assert histogram.max == 1e6
    assert len(histogram.data()["buckets"]) == 2


def test_a_copy_is_independent() -> None:
    histogram = of([1.0])
    copy = histogram.copy()
    copy.record(2.0)
    assert (histogram.count, copy.count) == (1, 2)


def test_the_quantile_of_an_empty_histogram_is_zero() -> None:
    assert Histogram().quantile(0.5) == 0.0
    assert Histogram().counts_up_to([1.0]) == [0]
    with pytest.raises(ValueError, match="between 0 and 1"):
        Histogram().quantile(1.5)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"sum": 1.0, "max": 1.0, "buckets": [1]},
        {"sum": 1.0, "max": "much", "buckets": []},
        {"sum": 1.0, "max": 1.0, "buckets": [[10_000, 1]]},
        {"sum": 1.0, "max": 1.0, "buckets": [[0, -1]]},
    ],
)
def test_malformed_data_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="histogram"):
        Histogram.from_data(data)


def test_what_was_counted_since_a_copy_is_the_difference() -> None:
    histogram = Histogram()
    for seconds in (0.1, 0.2):
        histogram.record(seconds)
    before = histogram.copy()
    assert histogram.since(before).count == 0
    for seconds in (0.2, 0.9):
        histogram.record(seconds)
    later = Histogram()
    for seconds in (0.2, 0.9):
        later.record(seconds)
    assert histogram.since(before).data()["buckets"] == later.data()["buckets"]
    assert histogram.since(before).quantile(0.5) == later.quantile(0.5)
