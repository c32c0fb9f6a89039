"""The claims and tables of ``scrapy lab fetch``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.console import Console

from crawlproj.lab.fetch.claims import claims
from crawlproj.lab.fetch.recommendation import recommendation
from crawlproj.lab.fetch.tables import fetch_tables
from crawlproj.lab.report.claim import undecided
from tests.lab.sections import row, section


def printed(data: dict[str, Any]) -> str:
    console = Console(width=80, force_terminal=False, color_system=None)
    with console.capture() as capture:
        for table in fetch_tables(data):
            console.print(table)
    return capture.get()


def test_a_claim_says_whether_the_figures_support_it() -> None:
    agreeing = claims(section([row("asyncio", 64, cpu_ms=0.4), row("uvloop", 64, cpu_ms=0.2)]))
    contrary = claims(section([row("asyncio", 64, cpu_ms=0.2), row("uvloop", 64, cpu_ms=0.2)]))

    assert [claim.holds for claim in agreeing] == [True]
    assert [claim.holds for claim in contrary] == [False]
    assert agreeing[0].figure == (
        "64 in flight: asyncio 0.4 ms of CPU per page (100 pages/s), uvloop 0.2 ms "
        "(100 pages/s): 2.00 ×"
    )


def test_a_claim_is_open_if_the_rounds_disagree() -> None:
    asyncio, uvloop = row("asyncio", 64, cpu_ms=0.4), row("uvloop", 64, cpu_ms=0.2)
    uvloop["cpu_ms"] = {"median": 0.2, "low": 0.15, "high": 0.5}
    data = section([asyncio, uvloop])
    data["claims"] = [asdict(claim) for claim in claims(data)]

    assert [claim["holds"] for claim in data["claims"]] == [None]
    assert "undecided" in printed(data)


def test_no_claim_is_refuted_on_a_busy_machine() -> None:
    cells = [row("asyncio", 64, cpu_ms=0.2), row("uvloop", 64, cpu_ms=0.2)]
    data = section(cells)
    measured = [asdict(claim) for claim in claims(data)]

    assert "✗" in printed({**data, "claims": measured})
    assert "✗" not in printed({**data, "claims": undecided(measured)})
    assert [claim["holds"] for claim in undecided([{"holds": True}, {"holds": None}])] == [
        True,
        None,
    ]


def test_the_first_line_says_what_to_use_and_why() -> None:
    data = section(
        [
            row("thread-pool", 64, pages_per_s=480, cpu_ms=0.9),
            row("asyncio", 64, pages_per_s=470, cpu_ms=0.3, workers=2),
            row("serial", 1, pages_per_s=10, cpu_ms=0.1),
            row("select", 64, pages_per_s=490, cpu_ms=0.1),  # crawls no other site
        ]
    )

    assert recommendation(data) == (
        "Use asyncio with 64 in flight and 2 workers: 470 pages/s at 0.30 ms of CPU per page. Of "
        "the 2 within 10% of the fastest (thread-pool with 64 in flight: 480 pages/s, 0.90 ms), it "
        "needs the least CPU."
    )
    assert " ".join(printed(data).split()).startswith("Use asyncio with 64 in flight and 2 workers")


def test_the_fastest_model_may_be_the_only_choice_and_there_may_be_none() -> None:
    fast = row("asyncio", 64, pages_per_s=470, cpu_ms=0.3)
    assert recommendation(section([fast, row("serial", 1, pages_per_s=10)])).endswith(
        "No other reaches 90% of that."
    )
    assert recommendation(section([row("serial", 1, failure="it crashed")])) == ""


def test_several_workers_are_advised_from_the_parsing_on_that_makes_them_worthwhile() -> None:
    matrix = [
        row("workers", 64, workers=workers, parse_ms=parse_ms, pages_per_s=rate)
        for parse_ms, rates in ((10, (55, 88, 91)), (2, (220, 240, 250)), (0, (285, 280, 283)))
        for workers, rate in zip((1, 2, 4), rates, strict=True)
    ]
    said = recommendation(section([row("asyncio", 64)], matrix=matrix))

    assert said.endswith(
        "If parsing a page takes 10 ms or more, use 2 workers: 88 pages/s instead of 55."
    )
    assert "parsing" not in recommendation(section([row("asyncio", 64)], matrix=matrix[3:]))


def test_memory_per_request_is_a_slope() -> None:
    costs = {"prefork": 1000, "thread-pool": 50, "greenlets": 10, "generators": 4}
    data = section(
        [row(name, n, pss_mb=20 + n * kb / 1000) for name, kb in costs.items() for n in (1, 64)]
    )

    assert {each["model"]: each["kb_per_request"] for each in data["memory"]} == costs
    assert any(
        "process 1.0 MB, thread 50 KB, greenlet 10 KB, generator 4 KB" in claim.figure
        and claim.holds
        for claim in claims(data)
    )


def test_several_workers_are_compared_with_one_at_the_same_total_in_flight() -> None:
    matrix = [
        row("workers", 64, workers=workers, parse_ms=10.0, pages_per_s=rate)
        for workers, rate in ((1, 90), (2, 180), (4, 170))
    ]

    found = claims(section([row("workers", 64, workers=2)], matrix=matrix))

    assert [(claim.figure, claim.holds) for claim in found] == [
        ("2 × 32: 180 pages/s; 1 × 64: 90 pages/s: 2.00 ×", True)
    ]


def test_there_is_no_claim_without_figures() -> None:
    assert claims(section([row("tornado", 64)])) == []
    assert claims(section([row("asyncio", 64), row("uvloop", 64, failure="it crashed")])) == []


def test_a_table_has_the_figures_and_fits_into_80_columns() -> None:
    cells = [row("epoll", 8), row("epoll", 512, pages_per_s=3456.7), row("fork", 8)]
    stress = {"epoll": {"in_flight": 2048, "failure": ""}}

    text = printed(section(cells, stress=stress))

    assert all(len(line) <= 80 for line in text.splitlines())
    line = next(line for line in text.splitlines() if "3,457" in line and "Use" not in line)
    assert " ".join(line.split()) == "epoll 3,457 50% 0.30 33% 1.5 20 512 100 300 2048"


def test_a_model_with_a_lower_maximum_is_shown_with_the_next_higher_load() -> None:
    cells = [row("serial", 1, pages_per_s=9.3), row("epoll", 64)]
    data = section(cells)
    data["settings"]["in_flight"] = [64]

    text = printed(data)

    assert "serial (1)" in text
    assert "\n1 in flight" not in text


def test_failed_and_unavailable_models_are_reported() -> None:
    data = section([row("select", 1, failure="out of range in select()"), row("gevent-libev", 1)])
    data["models"]["gevent-libev"]["unavailable"] = "gevent is not installed"

    text = printed(data)

    assert "select" in text
    assert "out of range in select()" in text
    assert "unavailable: gevent is not installed" in text


def test_figures_that_differ_between_rounds_are_marked() -> None:
    noisy = row("epoll", 8)
    noisy["pages_per_s"] = {"median": 100.0, "low": 60.0, "high": 140.0}

    assert "~100" in printed(section([noisy]))


def test_claims_are_printed_with_their_verdicts() -> None:
    data = section([row("asyncio", 64, cpu_ms=0.4), row("uvloop", 64, cpu_ms=0.2)])
    data["claims"] = [asdict(claim) for claim in claims(data)]

    text = printed(data)

    assert "✓" in text
    assert "The same coroutines are cheaper" in text
