"""The benchmarks run: what README and docs claim rests on their commands."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests import ROOT
from tests.waiting import PATIENCE_S

SHORT = [
    "frontier_memory --pending 2000",
    "latency_cost",
    "main_text",
    "page_cost",
    "parquet_cost",
    "redis_frontier --help",
    "refresh --seeds 1 --days 4",
    "replay_cost",
    "save_cost",
    "serve --help",
    "sick_sites --seeds 1",
    "signals_cost",
    "similar_cost",
    "start --rounds 1",
    "validators_cost",
    "warc_cost",
    "weather steps bucket --policies knee,aimd --seeds 1",
    "weather_http --help",
    "weather_http.random_sites --help",
]


def ran(words: str) -> str:
    """Return what a benchmark printed; one may miss its target, if it says so."""
    done = subprocess.run(
        [sys.executable, "-m", *words.split()],
        check=False,
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE_S,
    )
    assert done.returncode in {0, 1}, done.stdout
    assert "Traceback" not in done.stdout
    assert "wrong" not in done.stdout
    return done.stdout


@pytest.mark.slow
def test_a_comparison_with_stock_scrapy_runs() -> None:
    shown = ran("benchmarks links --pages 20 --rounds 1")
    assert "crawlproj" in shown
    assert "×" in shown


@pytest.mark.chaos
@pytest.mark.parametrize("words", SHORT)
def test_each_other_benchmark_runs(words: str) -> None:
    assert ran(f"benchmarks.{words}")
