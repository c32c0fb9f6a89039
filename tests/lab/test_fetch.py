"""What is measured in which order, how many pages each gets, and when it ends."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.lab.fetch import measure as measure_module
from crawlproj.lab.fetch.measure import Fetching, Plan
from crawlproj.lab.fetch.models.table import MODELS, Model
from crawlproj.lab.fetch.run import Run
from crawlproj.lab.fetch.site.latency import Latency

if TYPE_CHECKING:
    from crawlproj.lab.fetch.loads import Load

PLAN = Plan(
    [MODELS["epoll"], MODELS["workers"]], [64], Latency("fixed", 0.1), cores=2, seconds=0.2,
    turns=1, matrix_in_flight=(), reach=0,
)  # fmt: skip
RUN_S = 10.0


class Measured:
    """In measure's place: each run takes RUN_S of a clock of its own, and is noted."""

    def __init__(self) -> None:
        self.now = 100.0
        self.runs: list[tuple[str, Load, int]] = []

    def measure(self, model: Model, load: Load, pages: int, target: object) -> Run:
        self.now += RUN_S
        self.runs.append((model.name, load, pages))
        return Run(
            pages, 1.0, 100.0, 200.0, 0.5, 0.01, 0.01, 1.0, 1.0, 20.0, 0.1, 0.2, load.in_flight,
            1, 1, 0.1,
        )  # fmt: skip


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Measured:
    fake = Measured()
    monkeypatch.setattr(measure_module, "measure", fake.measure)
    monkeypatch.setattr(measure_module, "time", SimpleNamespace(monotonic=lambda: fake.now))
    return fake


def silent(words: str, share: float) -> None: ...


def section(**changes: Any) -> dict[str, Any]:
    target: Any = object()
    return Fetching(replace(PLAN, **changes), target, silent).run()


@pytest.mark.parametrize(
    ("budget_s", "rounds"),
    [(5.0, 1), (59.0, 1), (60.0, 2), (1000.0, 3)],
    ids=["too little for one", "not quite two", "two and the look beyond", "more than needed"],
)
def test_rounds_are_as_many_as_end_in_time_with_the_look_beyond(
    measured: Measured, budget_s: float, rounds: int
) -> None:
    found = section(budget_s=budget_s, reach=2048)  # two runs a round, two beyond

    assert found["settings"]["rounds"] == rounds
    assert measured.now == 100.0 + RUN_S * (2 * rounds + 2)
    assert set(found["reach"]) == {"epoll", "workers"}


def test_what_waits_alone_is_measured_once_and_its_time_is_not_kept_for_another_round(
    measured: Measured,
) -> None:
    found = section(in_flight=[1, 64], budget_s=60.0)  # four runs, then two a round

    assert found["settings"]["rounds"] == 2
    assert Counter(load.in_flight for _, load, _ in measured.runs) == {1: 2, 64: 4}


def test_it_is_measured_again_where_nothing_else_is_asked_for(measured: Measured) -> None:
    section(in_flight=[1], rounds=2)

    assert len(measured.runs) == 4


def test_at_a_load_that_the_matrix_has_all_models_get_the_pages_of_its_runs(
    measured: Measured,
) -> None:
    section(rounds=1, in_flight=[16, 64], matrix_in_flight=(64,), matrix_parse_ms=(0.0,),
            matrix_seconds=0.4)  # fmt: skip

    pages = {(name, load.in_flight): pages for name, load, pages in measured.runs}
    assert pages == {
        ("epoll", 16): 32, ("workers", 16): 32, ("epoll", 64): 256, ("workers", 64): 256,
    }  # fmt: skip


def test_for_memory_each_unit_has_one_more_load_that_is_no_cell(measured: Measured) -> None:
    models = [MODELS[name] for name in ("prefork", "generators", "epoll")]

    found = section(models=models, rounds=1, memory_in_flight=(8, 512))

    loads = {(name, load.in_flight) for name, load, _ in measured.runs}
    assert loads == {
        ("prefork", 8), ("prefork", 64), ("generators", 64), ("generators", 512), ("epoll", 64),
    }  # fmt: skip
    assert {cell["in_flight"] for cell in found["cells"]} == {64}
    assert {row["model"] for row in found["memory"]} == {"prefork", "generators"}
