"""The report as data and as a page."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.errors import ConfigError
from crawlproj.latency.histogram import Histogram
from crawlproj.limits.decisions import Decision, Reason, Rule
from crawlproj.report import files
from crawlproj.report.document import MAX_SITES, SCHEMA, Crawl, document
from crawlproj.report.files import ReportFiles
from crawlproj.report.page import page
from crawlproj.report.sites import SiteRow
from crawlproj.report.timeline import Tick, Timeline
from tests.report.synthetic import synthetic_report

if TYPE_CHECKING:
    from pathlib import Path

CRAWL = Crawl("site", "job", 1, "finished", "finished", (), 0.0, 10.0, 10.0)
EVIL = "</script><img src=x onerror=alert(1)>.example"


def small(
    *, rows: tuple[SiteRow, ...] = (), errors: dict[str, int] | None = None
) -> dict[str, Any]:
    timeline = Timeline()
    timeline.add(Tick(0.0, 1.0, 5, errors or {}, 8.0, 2.0, Histogram(), Histogram(), {}))
    return document(
        CRAWL,
        timeline,
        pages=5,
        failed={},
        skipped={},
        phases={"ttfb": Histogram()},
        lag=Histogram(),
        decisions={"a.example": [Decision(12.5, 8.0, 4.0, Reason(Rule.LATE, 8.0, 0.4, 3.5))]},
        rows=rows,
        sites=len(rows),
    )


def test_each_change_of_a_limit_has_its_rule_and_evidence() -> None:
    assert small()["decisions"]["a.example"] == {
        "at_s": [12.5],
        "before": [8.0],
        "after": [4.0],
        "rule": ["late"],
        "load": [8.0],
        "latency_s": [0.4],
        "knee": [3.5],
        "unloaded_s": [None],
    }


def columns(table: dict[str, Any]) -> list[int]:
    return [len(column) for column in table.values() if isinstance(column, list)]


def test_the_data_reads_back_with_a_row_for_every_site(tmp_path: Path) -> None:
    made = synthetic_report(sites=60, seconds=40)
    ReportFiles(str(tmp_path / "report.json")).write(made, "title")
    read = json.loads((tmp_path / "report.json").read_text())
    assert read == made
    assert read["schema"] == SCHEMA
    assert len(set(columns(read["timeline"]))) == 1
    assert set(columns(read["sites"])) == {60}
    assert read["sites"]["done"] == sorted(read["sites"]["done"], reverse=True)
    assert sum(read["sites"]["done"]) == read["summary"]["pages"]
    rates, spans = read["timeline"]["pages_per_s"], read["timeline"]["span_s"]
    counted = sum(rate * span for rate, span in zip(rates, spans, strict=True))
    assert counted == pytest.approx(read["summary"]["pages"], rel=1e-3)
    assert next(iter(read["site_timelines"])) == read["sites"]["site"][0]
    assert [*read["phases"]][:2] == ["permit", "queued"]
    quantiles = [read["summary"]["ttfb_s"][q] for q in ("p50", "p90", "p99", "p999", "max")]
    assert quantiles == sorted(quantiles)
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_rare_reasons_are_added_up_as_other() -> None:
    reasons = {f"http-{400 + number}": 30 - number for number in range(12)}
    shown = small(errors=reasons)["timeline"]["errors_per_s"]
    assert len(shown) == 9
    assert list(shown)[-1] == "other"
    assert sum(rate for (rate,) in shown.values()) == sum(reasons.values())


def test_unknown_values_are_null_and_sites_left_out_are_counted() -> None:
    rows = tuple(SiteRow(f"s{number}.example", done=number) for number in range(MAX_SITES + 3))
    made = small(rows=rows)
    assert made["sites_left_out"] == 3
    assert made["sites"]["site"][0] == f"s{MAX_SITES + 2}.example"
    assert made["sites"]["limit"][0] is made["sites"]["rate_limit"][0] is None
    assert made["timeline"]["ttfb_p99_s"] == [None]
    json.dumps(made, allow_nan=False)


def test_the_page_contains_its_data_and_no_markup_from_the_web() -> None:
    made = small(rows=(SiteRow(EVIL, done=1),), errors={"<b>reason": 1})
    text = page(json.dumps(made), f"Crawl report: {EVIL}", "/* plotly */")
    assert "<img" not in text
    assert "<b>reason" not in text
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert data is not None
    assert json.loads(data[1]) == made
    assert not re.search(r'(?:src|href)="?(?:https?:)?//', text)


def test_the_page_of_two_thousand_sites_stays_below_six_megabytes(tmp_path: Path) -> None:
    ReportFiles(str(tmp_path / "r.html")).write(synthetic_report(sites=2000, seconds=20), "title")
    assert (tmp_path / "r.html").stat().st_size < 6_000_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.html", "r.json"]


def test_a_report_that_cannot_be_written_is_an_error_that_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    for target in ("report.pdf", "missing/report.html", "folder.json"):
        with pytest.raises(ConfigError, match="REPORT"):
            ReportFiles(str(tmp_path / target))


def test_without_plotly_only_a_json_report_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"pip install .crawlproj\[report\]"):
        ReportFiles(str(tmp_path / "report.html"))
    ReportFiles(str(tmp_path / "report.json")).write(small(), "title")
    assert (tmp_path / "report.json").exists()
