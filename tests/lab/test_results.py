"""What is made of figures: claims, tables, the page."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from crawlproj.errors import ConfigError
from crawlproj.lab.fetch.claims import claims
from crawlproj.lab.fetch.job import burn
from crawlproj.lab.fetch.tables import fetch_tables
from crawlproj.lab.report.html_page import page
from crawlproj.lab.report.results_file import LabFiles
from crawlproj.lab.system.machine import busy_s, describe, look
from tests.lab.sections import row, section

if TYPE_CHECKING:
    from pathlib import Path


def printed(data: dict[str, Any]) -> str:
    console = Console(width=80, force_terminal=False, color_system=None)
    with console.capture() as capture:
        for table in fetch_tables(data):
            console.print(table)
    return capture.get()


def test_a_claim_says_whether_what_was_measured_agrees() -> None:
    agreeing = claims(section([row("asyncio", 64, cpu_ms=0.4), row("uvloop", 64, cpu_ms=0.2)]))
    contrary = claims(section([row("asyncio", 64, cpu_ms=0.2), row("uvloop", 64, cpu_ms=0.2)]))

    assert [claim.holds for claim in agreeing] == [True]
    assert [claim.holds for claim in contrary] == [False]
    assert agreeing[0].figure == (
        "at 64 in flight: asyncio 0.4 ms of CPU a page (100 pages/s), uvloop 0.2 ms "
        "(100 pages/s): 2.00 ×"
    )


def test_a_claim_on_which_the_rounds_disagree_is_left_open() -> None:
    asyncio, uvloop = row("asyncio", 64, cpu_ms=0.4), row("uvloop", 64, cpu_ms=0.2)
    uvloop["cpu_ms"] = {"median": 0.2, "low": 0.15, "high": 0.5}
    data = section([asyncio, uvloop])
    data["claims"] = [asdict(claim) for claim in claims(data)]

    assert [claim["holds"] for claim in data["claims"]] == [None]
    assert "?" in printed(data)


def test_memory_per_unit_is_a_slope() -> None:
    costs = {"prefork": 1000, "thread-pool": 50, "greenlets": 10, "generators": 4}
    data = section(
        [row(name, n, pss_mb=20 + n * kb / 1000) for name, kb in costs.items() for n in (1, 64)]
    )

    assert {each["model"]: each["kb_per_unit"] for each in data["memory"]} == costs
    assert any(
        "process 1.0 MB, thread 50 KB, greenlet 10 KB, generator 4 KB" in claim.figure
        and claim.holds
        for claim in claims(data)
    )


def test_several_workers_are_compared_with_one_that_has_all_in_flight() -> None:
    matrix = [
        row("workers", 64, workers=workers, parse_ms=10.0, pages_per_s=rate)
        for workers, rate in ((1, 90), (2, 180), (4, 170))
    ]

    found = claims(section([row("workers", 64, workers=2)], matrix=matrix))

    assert [(claim.figure, claim.holds) for claim in found] == [
        ("2 × 32: 180 pages/s; 1 × 64: 90 pages/s: 2.00 ×", True)
    ]


def test_nothing_is_claimed_of_what_was_not_measured() -> None:
    assert claims(section([row("tornado", 64)])) == []
    assert claims(section([row("asyncio", 64), row("uvloop", 64, broke="it fell")])) == []


def test_a_table_names_models_and_how_far_they_went_in_80_columns() -> None:
    cells = [row("epoll", 8), row("epoll", 512, pages_per_s=3456.7), row("fork", 8)]
    reach = {"epoll": {"in_flight": 2048, "broke": ""}}

    text = printed(section(cells, reach=reach))

    assert all(len(line) <= 80 for line in text.splitlines())
    line = next(line for line in text.splitlines() if "3,457" in line)
    assert " ".join(line.split()) == "epoll 3,457 50% 0.30 33% 1.5 20 512 100 300 2048"


def test_what_broke_and_what_is_unavailable_is_told() -> None:
    data = section([row("select", 1, broke="out of range in select()"), row("gevent-libev", 1)])
    data["models"]["gevent-libev"]["unavailable"] = "gevent is not installed"

    text = printed(data)

    assert "select" in text
    assert "out of range in select()" in text
    assert "unavailable: gevent is not installed" in text


def test_figures_that_differ_much_are_marked() -> None:
    noisy = row("epoll", 8)
    noisy["pages_per_s"] = {"median": 100.0, "low": 60.0, "high": 140.0}

    assert "~100" in printed(section([noisy]))


def test_claims_are_shown_with_their_verdicts() -> None:
    data = section([row("asyncio", 64, cpu_ms=0.4), row("uvloop", 64, cpu_ms=0.2)])
    data["claims"] = [asdict(claim) for claim in claims(data)]

    text = printed(data)

    assert "✓" in text
    assert "The same coroutines are cheaper" in text


def test_a_section_takes_the_place_of_the_earlier_one_and_leaves_others(tmp_path: Path) -> None:
    files = LabFiles(str(tmp_path / "new"))
    files.add("serve", {"mark": 1}, {})
    files.add("fetch", {"mark": 2}, {})

    written = files.add("fetch", {"mark": 3}, {"cores": 2})

    document = json.loads(written[0].read_text())
    assert document["serve"]["mark"] == 1
    assert document["fetch"] == {"mark": 3, "machine": {"cores": 2}}


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match=r"--out .*file"):
        LabFiles(str(tmp_path / "file"))


def test_the_page_holds_the_data_and_loads_nothing() -> None:
    text = page('{"why": "</script><b>"}', "PLOTLY")

    assert "</script><b>" not in text
    assert "\\u003c/script>" in text
    assert "PLOTLY" in text
    assert "default-src 'none'" in text
    assert "src=" not in text


def test_the_machine_is_described() -> None:
    machine = describe()

    assert machine["cores"] >= 1
    assert machine["python"].startswith("CPython 3.")
    json.dumps(machine, allow_nan=False)


def test_figures_are_provisional_where_others_took_a_twentieth_of_the_machine() -> None:
    assert not describe()["busy"]
    assert not describe(0.04)["busy"]
    assert describe(0.06)["busy"]


@pytest.mark.skipif(not busy_s(), reason="no account of what all processes use")
def test_a_program_that_computes_shows_in_a_look() -> None:
    assert (look(burn) or 0) >= 0.9 / (os.cpu_count() or 1)
