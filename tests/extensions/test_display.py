"""What people see, rendered as text."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Console, RenderableType

from crawlproj.extensions.display import Snapshot, live_view, log_line, summary_table
from crawlproj.frontier.base import State, Totals
from crawlproj.tally import Tally


def snapshot() -> Snapshot:
    tally = Tally()
    for number in range(20):
        for _ in range(20 - number):
            tally.add(f"site{number}.example", State.DONE, "")
    totals = Totals(3, 2, 210, {"timeout": 4, "http-404": 1}, {"robots": 7})
    return Snapshot(
        spider="site",
        elapsed_s=3725.0,
        pages_per_s=12.34,
        in_flight=2,
        queued=3,
        totals=totals,
        tally=tally,
        active_sites={"site0.example": 2},
        finished=False,
        generation=1,
        places=("frontier sqlite:///crawl.db",),
    )


def shown(view: RenderableType, width: int = 100) -> str:
    console = Console(width=width, record=True, file=None, force_terminal=False)
    with console.capture() as capture:
        console.print(view)
    return capture.get()


def test_the_summary_has_a_row_for_every_url() -> None:
    text = shown(summary_table(snapshot(), "shutdown"))
    rows = [line.split("│") for line in text.splitlines() if line.count("│") == 3]
    counts = {row[1].strip(): int(row[2].replace(",", "")) for row in rows}
    discovered = counts.pop("discovered")
    assert sum(counts.values()) == discovered == 227
    assert counts["left for the next run"] == 5
    assert "stopped (shutdown); run the same command again to continue" in text


def test_the_live_view_fits_the_terminal_and_keeps_to_the_busiest() -> None:
    for width in (60, 80, 200):
        text = shown(live_view(snapshot(), width), width)
        assert all(len(line) <= width for line in text.splitlines())
        assert len(text.splitlines()) < 24
        assert "site0.example" in text
        assert "site19.example" not in text
    assert "1:02:05" in shown(live_view(snapshot(), 100))


def test_a_log_line_says_the_same() -> None:
    assert log_line(snapshot()) == (
        "210 done, 12.3/s, 2 in flight, 3 queued, 5 failed (timeout 4, http-404 1)"
    )
    quiet = replace(snapshot(), totals=Totals(done=1))
    assert log_line(quiet).endswith("0 failed")
