"""The loads of a measurement, their pages, and the ideal time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crawlproj.lab.fetch.loads import MAX_PAGES, Load, ideal_s, matrix, page_count, sweep
from crawlproj.lab.fetch.models.table import MODELS


@given(st.lists(st.floats(0.001, 10), min_size=1, max_size=60), st.integers(1, 64))
def test_the_ideal_lies_between_perfect_sharing_and_one_after_another(
    latencies: list[float], in_flight: int
) -> None:
    ideal = ideal_s(latencies, in_flight)

    minimum = max(sum(latencies) / in_flight, *latencies)
    assert minimum - 1e-9 <= ideal <= sum(latencies) + 1e-9
    assert ideal <= sum(latencies) / in_flight + max(latencies) + 1e-9  # Graham's bound


def test_a_sweep_ends_at_the_maximum_of_the_model() -> None:
    assert [load.in_flight for load in sweep(MODELS["fork"], [1, 8, 512], 2, 0)] == [1, 8, 64]
    assert [load.in_flight for load in sweep(MODELS["serial"], [8, 64], 2, 0)] == [1]
    assert sweep(MODELS["workers"], [1, 8], 2, 0.0) == [Load(1, 1), Load(8, 2)]


def test_the_matrix_varies_workers_for_the_same_requests_in_flight() -> None:
    assert matrix(2, [2, 64], [0.0]) == [
        Load(2, 1), Load(2, 2), Load(64, 1), Load(64, 2), Load(64, 4),
    ]  # fmt: skip


def test_the_number_of_pages_follows_from_the_time() -> None:
    assert page_count(Load(100), 0.1, seconds=1.0, cores=2, min_reuse=1) == 1000
    assert page_count(Load(100), 0.1, seconds=1.0, cores=2, min_reuse=1, cpu_s=0.01) == 200
    assert page_count(Load(100, parse_ms=10), 0.1, seconds=1.0, cores=2, min_reuse=1) == 100
    assert page_count(Load(1), 0.1, seconds=0.1, cores=2, min_reuse=4) == 8
    assert page_count(Load(64), 0.1, seconds=0.01, cores=2, min_reuse=4) == 256
    assert page_count(Load(512), 0.001, seconds=60.0, cores=2, min_reuse=1) == MAX_PAGES
