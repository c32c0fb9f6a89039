"""The display and the summary, rendered as text."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console, RenderableType

from crawlproj.frontier.base import State, Totals
from crawlproj.report.console import (
    Snapshot,
    latency_text,
    live_view,
    log_line,
)
from crawlproj.report.item_tally import ItemTally
from crawlproj.report.sites import SiteRow
from crawlproj.report.summary import slow_sites, summary_table
from crawlproj.scheduling.tally import Tally

ROW = SiteRow(
    "site.example",
    done=100,
    errors=1,
    in_flight=3,
    limit=7.5,
    pages_per_s=4.21,
    p50_s=0.042,
    p99_s=0.31,
    state="open",
)


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
        sites=[
            replace(ROW, site=f"site{number}.example", done=20 - number) for number in range(12)
        ],
        finished=False,
        generation=1,
        places=("frontier sqlite:///crawl.db",),
    )


def shown(view: RenderableType, width: int = 100) -> str:
    console = Console(width=width, record=True, file=None, force_terminal=False)
    with console.capture() as capture:
        console.print(view, crop=False)
    return capture.get()


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"logins": 1}, "; logged in again once"),
        ({"logins": 1200}, "; logged in again 1,200 times"),
        ({"pauses": 1, "paused_s": 70.0}, "; paused once without a network, 0:01:10 in all"),
        ({"pauses": 2, "paused_s": 70.0}, "; paused 2 times without a network, 0:01:10 in all"),
    ],
)
def test_the_summary_says_how_often_the_crawl_logged_in_again_and_paused(
    counts: dict[str, Any], words: str
) -> None:
    assert words in shown(summary_table(replace(snapshot(), **counts), "finished"))
    usual = shown(summary_table(snapshot(), "finished"))
    assert "logged in" not in usual
    assert "paused" not in usual


def test_hostile_names_neither_crash_nor_steer_the_terminal() -> None:
    hostile = "[/red] \x1b]0;owned\x07\r\u202e[link=x]\ud800"
    now = replace(
        snapshot(),
        spider=hostile,
        totals=Totals(0, 0, 1, {hostile: 1}, {hostile: 1}),
        sites=[replace(ROW, site=hostile, state="down")],
        places=(f"frontier {hostile}",),
        items={hostile: ItemTally(1, 1, Counter({hostile: 1}))},
    )
    for view in (summary_table(now, hostile), live_view(now, 100)):
        text = shown(view)
        assert "[/red] \ufffd]0;owned\ufffd" in text
        assert all(char.isprintable() or char == "\n" for char in text)


def test_every_url_counts_in_one_row_of_the_summary() -> None:
    text = shown(summary_table(snapshot(), "shutdown"))
    rows = [line.split("│") for line in text.splitlines() if line.count("│") == 3]
    counts = {row[1].strip(): int(row[2].replace(",", "")) for row in rows}
    discovered = counts.pop("discovered")
    assert sum(counts.values()) == discovered == 227
    assert counts["left for the next run"] == 5
    assert "stopped (shutdown); run the same command again to continue" in text


def test_the_live_view_fits_the_terminal_and_shows_the_busiest_sites() -> None:
    for width in (60, 80, 100, 140, 200):
        text = shown(live_view(snapshot(), width), width)
        assert "…" not in text
        assert all(len(line) <= width for line in text.splitlines())
        assert len(text.splitlines()) < 24
        assert "site0.example" in text
        assert "site19.example" not in text
    assert "1:02:05" in shown(live_view(snapshot(), 100))


def test_a_log_line_has_the_same_figures() -> None:
    assert log_line(snapshot()) == (
        "210 done, 12.3/s, 2 in flight, 3 queued, 5 failed (timeout 4, http-404 1)"
    )
    quiet = replace(snapshot(), totals=Totals(done=1))
    assert log_line(quiet).endswith("0 failed")


def test_a_wider_terminal_shows_more_columns_of_each_site() -> None:
    row = "3/7.5 4.2 42ms 310ms 1"
    for width, wanted in ((80, row), (100, f"{row} open"), (140, f"{row} open")):
        text = " ".join(shown(live_view(snapshot(), width), width).split())
        assert f"site0.example 20 {wanted}" in text
    assert "42ms" not in shown(live_view(snapshot(), 60), 60)


def test_a_long_site_name_leaves_room_for_the_numbers() -> None:
    long = replace(ROW, site="a-very-long-name." * 5 + "example:8080", state="limited")
    for width in (80, 100, 140):
        text = shown(live_view(replace(snapshot(), sites=[long]), width), width)
        assert all(len(line) <= width for line in text.splitlines())
        assert "310ms" in text


def test_the_summary_lists_sites_only_if_one_held_the_crawl_back() -> None:
    assert "held the crawl back" not in shown(summary_table(snapshot(), "finished"))
    slow = replace(ROW, site="slow.example", p99_s=12.4)
    failing = replace(ROW, site="failing.example", errors=50)
    limited = replace(
        ROW, site="limited.example", rate_limit=2.0, rate_by="refused", state="limited"
    )
    delayed = replace(ROW, site="delayed.example", rate_limit=1.0, rate_by="delay", state="limited")
    down = replace(ROW, site=f"{'d' * 60}.example", state="down", p50_s=None, p99_s=None)
    few = replace(ROW, site="few.example", done=1, errors=2)
    dead = replace(ROW, site="dead-links.example", errors=50, dead_links=48)
    rows = [*snapshot().sites, slow, failing, limited, delayed, down, few, dead]
    assert {row.site: why for row, why in slow_sites(rows)} == {
        down.site: "down",
        "failing.example": "33% failed",
        "slow.example": "40 × the usual p99",
        "limited.example": "limited to 2/s because it refused more",
        "delayed.example": "limited to 1/s by Crawl-delay, DOWNLOAD_DELAY or a command",
    }
    for width in (80, 100, 140):
        table = summary_table(replace(snapshot(), sites=rows), "finished", width)
        assert "…" not in shown(table, width)
    text = shown(table)
    assert "Sites that held the crawl back" in text
    assert "12.4s" in text


def test_latencies_have_suitable_units() -> None:
    texts = {0.0000873: "87µs", 0.0423: "42ms", 0.9996: "1.0s", 12.34: "12.3s", 360.0: "360s"}
    assert {seconds: latency_text(seconds) for seconds in texts} == texts
    assert latency_text(None) == "–"


def test_the_summary_breaks_no_path_and_has_no_two_empty_lines_in_a_row() -> None:
    place = "frontier /" + "a" * 80
    text = shown(summary_table(replace(snapshot(), places=(place,)), "finished", 40), 40)
    assert place in text.splitlines()
    assert "\n\n\n" not in text
