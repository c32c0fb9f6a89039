"""The samples, predictions and recommendations of ``scrapy lab advise``."""

from __future__ import annotations

import json
from dataclasses import replace
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from crawlproj.lab.advise import advisor
from crawlproj.lab.advise.advisor import Advisor
from crawlproj.lab.advise.crawls.sample import Sample, merge
from crawlproj.lab.advise.prediction.choose import candidates, recommend
from crawlproj.lab.advise.prediction.predict import Prediction, predict
from crawlproj.lab.advise.prediction.queueing import queue_length, throughput
from crawlproj.lab.advise.prediction.workload import Cost, Costs, Workload, site_latency_s
from crawlproj.lab.advise.tables import advise_tables
from crawlproj.lab.fetch.loads import Load
from crawlproj.latency.histogram import Histogram
from crawlproj.latency.recorder import LatencyRecorder

seconds = st.floats(1e-4, 1.0)


@given(st.integers(1, 300), seconds, seconds)
def test_throughput_rises_with_requests_in_flight_and_stays_below_both_bounds(
    k: int, service_s: float, latency_s: float
) -> None:
    rate = throughput(k, service_s, latency_s)

    assert 0 < rate <= throughput(k + 1, service_s, latency_s) * (1 + 1e-9)
    assert rate <= k / (latency_s + service_s) * (1 + 1e-9)
    assert rate <= 1 / service_s * (1 + 1e-9)
    assert 0 <= queue_length(k, service_s, latency_s) <= k


@given(seconds, seconds)
def test_throughput_tends_to_its_bounds(service_s: float, latency_s: float) -> None:
    alone = 1 / (latency_s + service_s)
    enough = 20 * int(1 + latency_s / service_s)

    assert throughput(1, service_s, latency_s) == pytest.approx(alone)
    if enough <= 20_000:
        assert throughput(enough, service_s, latency_s) == pytest.approx(1 / service_s, rel=0.01)


def test_throughput_matches_a_machine_repair_model() -> None:
    # Two requests, s = L = 1: by its Markov chain, P(queue empty) = 1/5, so X = 4/5.
    assert throughput(2, 1.0, 1.0) == pytest.approx(0.8)


def workload(**changed: Any) -> Workload:
    known: dict[str, Any] = {
        "latency_s": 0.1,
        "one_worker": Costs((Cost(1, 0.001, 0.0),)),
        "several_workers": None,
        "cores": (1.0, 2.0),
        "sites_in_flight": None,
        "sites_per_s": inf,
    }
    return Workload(**{**known, **changed})


@pytest.mark.parametrize(
    ("changed", "load", "per_s", "bottleneck"),
    [
        ({}, Load(8), 79, "waiting"),
        ({}, Load(1024), 1000, "one interpreter"),
        ({}, Load(1024, 2), 2000, "cores"),
        ({"cores": (1.0, 2.0, 3.0)}, Load(1024, 2), 2000, "the interpreters"),
        ({"cores": (1.0, 2.0)}, Load(1024, 3), 2000, "cores"),
        ({"one_worker": Costs((Cost(1, 0.001, 0.001),))}, Load(1024, 2), 1000, "cores"),
        ({"cores": (0.5, 1.0)}, Load(1024), 500, "one interpreter"),
        ({"sites_in_flight": 8}, Load(8), 79, "the sites' limit"),
        ({"sites_per_s": 2.0}, Load(8), 2, "the sites' limit"),
        ({"several_workers": Costs((Cost(1, 0.002, 0.0),))}, Load(1024, 2), 1000, "cores"),
    ],
)
def test_the_lowest_bound_is_the_prediction(
    changed: dict[str, Any], load: Load, per_s: float, bottleneck: str
) -> None:
    found = predict(workload(**changed), load)

    assert found.pages_per_s == pytest.approx(per_s, rel=0.02)
    assert found.bottleneck == bottleneck


def test_costs_between_two_loads_follow_the_logarithm_of_the_load() -> None:
    costs = Costs((Cost(4, 0.003, 0.001), Cost(64, 0.001, 0.0)))

    assert costs.at(1).worker_s == costs.at(4).worker_s == 0.003
    assert costs.at(16).worker_s == pytest.approx(0.002)
    assert costs.at(16).support_s == pytest.approx(0.0005)
    assert costs.at(500).worker_s == 0.001


def test_candidates_are_powers_of_two_and_the_maximum() -> None:
    assert candidates(12, 1) == [Load(n) for n in (1, 2, 4, 8, 12)]
    assert candidates(5, 2)[4:] == [Load(2, 2), Load(4, 2)]
    assert all(load.in_flight % load.workers == 0 for load in candidates(100, 3))


def test_the_smallest_load_within_5_percent_of_the_best_is_recommended() -> None:
    rates = {(1, 8): 80.0, (1, 16): 96.0, (1, 32): 97.0, (2, 16): 99.0, (2, 32): 100.0}
    predictions = [
        Prediction(Load(total, workers), rate, "waiting")
        for (workers, total), rate in rates.items()
    ]

    assert recommend(predictions).load == Load(16)
    assert recommend(predictions[3:]).load == Load(16, 2)


def probe(times: list[float], cpu_s: float, **more: Any) -> dict[str, Any]:
    """Return the file of a probe that sees a page done at each of ``times``."""
    recorder = LatencyRecorder(lambda: 0.0)
    for _ in times:
        recorder.record("a.example", {"ttfb": 0.1, "permit": 5.0})
    ticks = [(time, n, 1 + n * cpu_s) for n, time in enumerate(times, 1)]
    return {
        "ticks": [(0.0, 0, 0.0), *ticks, (99.0, len(times), 7.0)],
        "latency": recorder.data(), "limits": {"a.example": 8.0}, "rates": {}, "redis_s": 0.0,
        **more,
    }  # fmt: skip


def test_a_sample_leaves_out_the_start_and_the_end() -> None:
    times = [10.0, *(20 + n / 50 for n in range(100)), 50.0]

    found = merge([probe(times, 0.002, redis_s=0.102)], site_s=0.102)

    assert found is not None
    assert found.pages == 102
    assert found.pages_per_s == pytest.approx(50)
    assert found.cpu_s == pytest.approx(0.002)
    assert found.support_s == pytest.approx(0.002)
    assert found.latencies["a.example"] == pytest.approx(0.1)
    assert found.latency.count == 102


def test_a_sample_of_several_workers_starts_when_all_are_at_work() -> None:
    early = probe([1 + n / 100 for n in range(400)], 0.002)
    late = probe([3 + n / 100 for n in range(200)], 0.002)

    found = merge([early, late])

    assert found is not None
    assert found.pages == 600
    assert found.pages_per_s == pytest.approx(200, rel=0.05)


def test_a_crawl_without_a_middle_is_sampled_as_a_whole() -> None:
    found = merge([probe([1.0, *[1.1] * 98, 1.2], 0.002)])

    assert found is not None
    assert found.pages_per_s > 0


def test_too_few_pages_are_no_sample() -> None:
    assert merge([probe([1.0, 2.0], 0.001)]) is None
    assert merge([]) is None


@pytest.mark.parametrize("in_flight", [1, 4, 8])
def test_waits_for_the_crawler_do_not_count_as_latency_of_the_site(in_flight: int) -> None:
    service_s, wanted = 0.01, 0.08
    seen = Histogram()
    seen.record(wanted + service_s * queue_length(in_flight - 1, service_s, wanted))
    rate = throughput(in_flight, service_s, wanted)

    found = site_latency_s(Load(in_flight), [Sample(60, rate, 0.01, 0.0, seen, {}, {}, {})], 1.0)

    assert found == pytest.approx(wanted, rel=0.02)


class FakeCrawls:
    """Crawls with given figures: a sample at 20 pages/s, then a measurement."""

    max_in_flight, limited_by_sites, max_workers = 32, True, 2

    def __init__(self, per_s: float, cpu_s: float) -> None:
        self.loads: list[Load] = []
        self._per_s, self._cpu_s = per_s, cpu_s

    def sample(self, load: Load) -> Sample:
        self.loads.append(load)
        found = merge([probe([1 + n / 20 for n in range(60)], self._cpu_s)])
        assert found is not None
        return found

    def measure(self, load: Load, cpu_s: float) -> Sample:
        return replace(self.sample(load), pages_per_s=self._per_s)

    def sites_per_s(self, sample: Sample, latency_s: float) -> float:
        return inf

    def snippet(self, load: Load) -> list[str]:
        return [f"CONCURRENT_REQUESTS = {load.in_flight // load.workers}"]


def ignore_progress(words: str, share: float) -> None: ...


def _two_cores(max_processes: int) -> list[float]:
    return [1.0, 2.0]


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advisor, "free_cores", _two_cores)


def shown(section: dict[str, Any]) -> str:
    console = Console(width=80, force_terminal=False, color_system=None)
    with console.capture() as capture:
        for table in advise_tables({"workload": "a site", **section}):
            console.print(table)
    return capture.get()


def test_one_worker_is_recommended_for_a_workload_that_waits(two_cores: None) -> None:
    runs = FakeCrawls(per_s=300, cpu_s=0.0005)

    section = Advisor(runs, 2, 2, ignore_progress).run()

    assert runs.loads == [Load(4), Load(32), Load(32)] * 2
    assert section["recommended"]["deviation"] == pytest.approx(0.05, abs=0.05)
    assert section["recommended"]["reasons"] == []
    json.dumps(section, allow_nan=False)
    text = shown(section)
    assert "recommended: 1 × 32 in flight" in text
    assert "the sites' limit" in text
    assert "CONCURRENT_REQUESTS = 32" in text


def test_two_workers_are_recommended_for_a_workload_that_computes_and_sampled_first(
    two_cores: None,
) -> None:
    runs = FakeCrawls(per_s=60, cpu_s=0.02)

    section = Advisor(runs, 2, 1, ignore_progress).run()

    assert runs.loads[:3] == [Load(4), Load(32), Load(32, 2)]
    assert section["recommended"]["workers"] == 2
    text = shown(section)
    assert "The prediction is off by more than 20%" in text
    assert "- the measurement was short" in text
    assert all(len(line) <= 80 for line in text.splitlines())
