"""The plan of a measurement: the order of runs, their pages, and the budget."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.lab.fetch import measure as measure_module
from crawlproj.lab.fetch.measure import FetchMeasurement, Plan
from crawlproj.lab.fetch.models.table import MODELS, FetchModel
from crawlproj.lab.fetch.run import Run
from crawlproj.lab.fetch.site.latency import Latency

if TYPE_CHECKING:
    from crawlproj.lab.fetch.loads import Load

PLAN = Plan(
    [MODELS["epoll"], MODELS["workers"]], [64], Latency("fixed", 0.1), cores=2, seconds=0.2,
    min_reuse=1, matrix_in_flight=(), stress_in_flight=0,
)  # fmt: skip
RUN_S = 10.0


class FakeRuns:
    """Stands in for run_model: each run takes RUN_S of a clock of its own, and is noted."""

    def __init__(self) -> None:
        self.now = 100.0
        self.runs: list[tuple[str, Load, int]] = []

    def run_model(self, model: FetchModel, load: Load, pages: int, target: object) -> Run:
        self.now += RUN_S
        self.runs.append((model.name, load, pages))
        return Run(
            pages, 1.0, 100.0, 200.0, 0.5, 0.01, 0.01, 1.0, 1.0, 20.0, 0.1, 0.2, load.in_flight,
            1, 1, 0.1,
        )  # fmt: skip


@pytest.fixture
def fake_runs(monkeypatch: pytest.MonkeyPatch) -> FakeRuns:
    fake = FakeRuns()
    monkeypatch.setattr(measure_module, "run_model", fake.run_model)
    monkeypatch.setattr(measure_module, "time", SimpleNamespace(monotonic=lambda: fake.now))
    return fake


def ignore_progress(words: str, share: float) -> None: ...


def section(**changes: Any) -> dict[str, Any]:
    target: Any = object()
    return FetchMeasurement(replace(PLAN, **changes), target, ignore_progress).run()


@pytest.mark.parametrize(
    ("budget_s", "rounds"),
    [(5.0, 1), (59.0, 1), (60.0, 2), (1000.0, 3)],
    ids=["too short for one", "not quite two", "two and the stress runs", "more than needed"],
)
def test_a_round_starts_only_if_it_ends_within_the_budget(
    fake_runs: FakeRuns, budget_s: float, rounds: int
) -> None:
    found = section(budget_s=budget_s, stress_in_flight=2048)  # two runs per round, two of stress

    assert found["settings"]["rounds"] == rounds
    assert fake_runs.now == 100.0 + RUN_S * (2 * rounds + 2)
    assert set(found["stress"]) == {"epoll", "workers"}


def test_loads_of_one_in_flight_are_measured_once_and_not_budgeted_again(
    fake_runs: FakeRuns,
) -> None:
    found = section(in_flight=[1, 64], budget_s=60.0)  # four runs, then two per round

    assert found["settings"]["rounds"] == 2
    assert Counter(load.in_flight for _, load, _ in fake_runs.runs) == {1: 2, 64: 4}


def test_loads_of_one_in_flight_are_repeated_if_there_are_no_others(fake_runs: FakeRuns) -> None:
    section(in_flight=[1], rounds=2)

    assert len(fake_runs.runs) == 4


def test_all_models_fetch_as_many_pages_as_the_matrix_at_its_loads(
    fake_runs: FakeRuns,
) -> None:
    section(rounds=1, in_flight=[16, 64], matrix_in_flight=(64,), matrix_parse_ms=(0.0,),
            matrix_seconds=0.4)  # fmt: skip

    pages = {(name, load.in_flight): pages for name, load, pages in fake_runs.runs}
    assert pages == {
        ("epoll", 16): 32, ("workers", 16): 32, ("epoll", 64): 256, ("workers", 64): 256,
    }  # fmt: skip


def test_memory_takes_one_more_load_per_unit_outside_of_the_cells(fake_runs: FakeRuns) -> None:
    models = [MODELS[name] for name in ("prefork", "generators", "epoll")]

    found = section(models=models, rounds=1, memory_in_flight=(8, 512))

    loads = {(name, load.in_flight) for name, load, _ in fake_runs.runs}
    assert loads == {
        ("prefork", 8), ("prefork", 64), ("generators", 64), ("generators", 512), ("epoll", 64),
    }  # fmt: skip
    assert {cell["in_flight"] for cell in found["cells"]} == {64}
    assert {row["model"] for row in found["memory"]} == {"prefork", "generators"}
