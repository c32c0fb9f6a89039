from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console

from crawlproj.fleet.display import (
    FleetSnapshot,
    WorkerRow,
    fleet_line,
    fleet_summary,
    fleet_view,
)
from crawlproj.frontier.base import Totals
from crawlproj.latency import LatencyRecorder
from crawlproj.report.console import Snapshot
from crawlproj.scheduling.tally import Tally

if TYPE_CHECKING:
    from rich.console import RenderableType

WORKERS = (
    WorkerRow("1", "running", 4711, 900, 31.5, 12, 142.4),
    WorkerRow("2", "waiting", done=100, restarts=3, due_s=8.4),
    WorkerRow("3", "draining", 4713, 7, 1.0, 2, 99.0, 1),
)


def snapshot(*, quarantined: tuple[str, ...] = (), finished: bool = False) -> FleetSnapshot:
    recorder = LatencyRecorder(lambda: 0.0)
    for _ in range(10):
        recorder.record("a.test", {"ttfb": 0.1})
    crawl = Snapshot(
        spider="site",
        elapsed_s=65.0,
        pages_per_s=32.5,
        in_flight=14,
        queued=321,
        totals=Totals(pending=321, done=1007, failed={"killed-worker": len(quarantined)}),
        tally=Tally(),
        sites=(),
        finished=finished,
        generation=2,
        places=("frontier here", "store there"),
    )
    counts = {"crashed": 3, "rolled": 1}
    return FleetSnapshot(crawl, WORKERS, counts, quarantined, recorder.phases)


def shown(what: RenderableType, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(what)
    printed = console.file
    assert isinstance(printed, io.StringIO)
    return printed.getvalue()


def test_the_display_shows_a_row_for_each_worker() -> None:
    lines = shown(fleet_view(snapshot(), 100)).splitlines()
    assert "1,007 pages  32.5/s  14 in flight  321 queued  0 failed  0:01:05" in lines[1]
    rows = [line.strip("│ ").split() for line in lines if line.strip("│ ")[:1] in {"1", "2", "3"}]
    assert ["1", "running", "4711", "900", "12", "31.5", "142", "MB", "0"] in rows
    assert ["2", "in", "8", "s", "–", "100", "0", "0.0", "–", "3"] in rows


def test_the_display_fits_in_80_columns() -> None:
    printed = shown(fleet_view(snapshot(quarantined=("http://a.test/" + "x" * 200,)), 80), 80)
    assert max(map(len, printed.splitlines())) <= 80
    assert printed.count("╮") == printed.count("╯") == 1


def test_the_display_and_the_summary_list_the_pages_that_are_not_tried_again() -> None:
    quarantined = tuple(f"http://a.test/{number}" for number in range(12))
    now = snapshot(quarantined=quarantined)
    assert "http://a.test/11" in shown(fleet_view(now, 100))
    printed = shown(fleet_summary(now, "shutdown", 100))
    assert "http://a.test/9\n" in printed
    assert "and 2 more" in printed
    assert "failed: killed-worker" in printed


def test_the_summary_shows_url_totals_latencies_and_restarts() -> None:
    printed = shown(fleet_summary(snapshot(finished=True), "", 100))
    assert "site: finished (generation 2)" in printed
    assert "done" in printed
    assert any(line.split() == ["ttfb", "10", *["100ms"] * 4] for line in printed.splitlines())
    assert "3 workers, 3 crashed, 1 rolled" in printed


def test_the_log_line_sums_up_crawl_and_workers() -> None:
    line = fleet_line(snapshot())
    assert line.startswith("1007 done, 32.5/s, 14 in flight, 321 queued")
    assert line.endswith("1 of 3 workers, 3 crashed, 1 rolled")
