from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from crawlproj.fleet.worker_status import Figures, Rates, WorkerStatus
from crawlproj.latency import LatencyRecorder
from crawlproj.limits.view import SiteView
from crawlproj.private_files import write_whole
from crawlproj.report.item_tally import ItemTally

if TYPE_CHECKING:
    from pathlib import Path


def status(pid: int, done: int, ttfb_s: float, site: str = "a.test") -> WorkerStatus:
    recorder = LatencyRecorder(lambda: 0.0)
    for _ in range(done):
        recorder.record(site, {"ttfb": ttfb_s})
    recorder.record(site, {"ttfb": ttfb_s}, "timeout")
    return WorkerStatus(
        pid,
        beat=1,
        owner=7,
        done=done,
        failed={"timeout": 1},
        sites={site: done},
        views={site: SiteView(2, 8.0, 3.5, 0.0, "limited")},
        latency=recorder.data(),
        items={"Book": ItemTally(done, done - 1, Counter({"no price": 2})), "dict": ItemTally(1)},
        counts={"parquet/rows": done},
        traps={f"http://{site}/*": f"{pid} in a row had nothing new"},
    )


def test_a_status_survives_writing_and_reading(tmp_path: Path) -> None:
    written = status(1, 3, 0.1)
    write_whole(tmp_path / "status", written.text())
    assert WorkerStatus.read(tmp_path / "status") == written


@pytest.mark.parametrize("garbage", ["", "{", "[]", "{}", '{"views": {}, "more": 1}'])
def test_a_file_without_a_valid_status_reads_as_none(tmp_path: Path, garbage: str) -> None:
    (tmp_path / "status").write_text(garbage)
    assert WorkerStatus.read(tmp_path / "status") is None
    assert WorkerStatus.read(tmp_path / "missing") is None


def test_figures_of_several_processes_add_up_and_their_histograms_merge() -> None:
    past, now = Figures(), Figures()
    past.add(status(1, 90, 0.01), over=True)
    now.merge(past)
    now.add(status(2, 10, 1.0), over=False)
    assert now.tally.done == 100
    assert now.tally.failed == {"timeout": 2}
    (row,) = now.site_rows({"a.test": 5.0})
    assert (row.done, row.errors, row.in_flight, row.pages_per_s) == (100, 2, 2, 5.0)
    assert row.p50_s == pytest.approx(0.01, rel=0.03)
    assert row.p99_s == pytest.approx(1.0, rel=0.03)
    assert now.latency.phases["ttfb"].count == 102
    assert now.counts == {"parquet/rows": 100}
    assert now.traps == {"http://a.test/*": "2 in a row had nothing new"}
    assert now.items == {
        "Book": ItemTally(100, 98, Counter({"no price": 4})),
        "dict": ItemTally(2),  # nothing is stored of them
    }


def test_a_worker_that_has_ended_has_nothing_in_flight_at_its_sites() -> None:
    figures = Figures()
    figures.add(status(1, 5, 0.01), over=True)
    (row,) = figures.site_rows({})
    assert (row.done, row.in_flight, row.state) == (5, 0, "idle")


def test_a_rate_covers_the_last_seconds_or_the_time_since_its_counter_appeared() -> None:
    rates = Rates(over_s=5)
    assert rates.per_s() == {}
    for second in range(20):
        late = [("late", 4 * second)] if second > 17 else []
        rates.add(second, [("steady", 10 * second), *late])
    assert rates.per_s() == {"steady": 10, "late": 4}


def test_a_counter_that_was_reset_is_measured_from_the_reset() -> None:
    rates = Rates(over_s=5)
    for second, count in enumerate([100, 110, 0, 7]):
        rates.add(second, [("worker", count)])
    assert rates.per_s() == {"worker": 7}
