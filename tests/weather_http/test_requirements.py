from __future__ import annotations

from dataclasses import replace

from benchmarks.weather_http.requirements import best_fixed, verdicts
from benchmarks.weather_http.scenario import Require
from tests.weather_http.helpers import PERFECT

EVERYTHING = Require(
    goodput=0.9,
    site_goodput=0.9,
    errors=0.03,
    p99_ratio=3,
    recovery_s=10,
    probes_per_s=1,
    jain=0.95,
    of_stock=0.95,
)


def test_figures_without_a_requirement_are_not_judged() -> None:
    assert verdicts(Require(), {"ours": PERFECT}, None) == []


def test_nothing_is_judged_when_ours_did_not_run() -> None:
    assert verdicts(EVERYTHING, {"stock-8": PERFECT}, 0.2) == []


def test_a_perfect_crawl_meets_every_requirement() -> None:
    found = verdicts(EVERYTHING, {"ours": PERFECT, "stock-8": PERFECT}, 0.2)
    assert len(found) == 8
    assert all(verdict.met for verdict in found)


def test_a_bad_crawl_meets_none() -> None:
    bad = replace(
        PERFECT,
        pages=900,
        goodput=0.89,
        errors=0.04,
        p99_s=0.61,
        jain=0.94,
        worst_site=0.89,
        recovery_s=float("inf"),
        probes_per_s=1.1,
    )
    found = verdicts(EVERYTHING, {"ours": bad, "stock-8": PERFECT}, 0.2)
    assert [verdict.met for verdict in found] == [False] * 8


def test_figures_that_cannot_be_compared_are_not_judged() -> None:
    found = verdicts(Require(p99_ratio=3, of_stock=0.95), {"ours": PERFECT}, None)
    assert [verdict.met for verdict in found] == [None, None]


def test_pages_are_compared_with_the_best_other_side() -> None:
    sides = {
        "ours": PERFECT,
        "stock-8": replace(PERFECT, pages=500),
        "autothrottle": replace(PERFECT, pages=2000),
    }
    (verdict,) = verdicts(Require(of_stock=0.95), sides, None)
    assert verdict.measured == 0.5


def test_the_best_fixed_number_takes_errors_into_account() -> None:
    sides = {
        "ours": PERFECT,
        "stock-8": replace(PERFECT, goodput=0.6),
        "stock-64": replace(PERFECT, goodput=1.0, errors=0.9),
    }
    assert best_fixed(sides) == "stock-8"
    assert best_fixed({"ours": PERFECT}) is None
