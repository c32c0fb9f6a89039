"""What the progress display and the summary look like (pure: a snapshot in, rich's objects out)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.columns import Columns
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from crawlproj.frontier.base import Totals
    from crawlproj.tally import Tally

_TOP = 6  # rows of a side table


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How the crawl stands.

    pages_per_s: over the last seconds. in_flight: requests downloading. queued:
    URLs waiting for their turn. totals: of the frontier's
    generation, all runs. tally: of this run. active_sites: requests in flight by site. places:
    where frontier and store are.
    """

    spider: str
    elapsed_s: float
    pages_per_s: float
    in_flight: int
    queued: int
    totals: Totals
    tally: Tally
    active_sites: dict[str, int]
    finished: bool
    generation: int
    places: tuple[str, ...]


def duration(seconds: float) -> str:
    """Return seconds as h:mm:ss."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def log_line(now: Snapshot) -> str:
    """Return one line for a log."""
    failed = sum(now.totals.failed.values())
    reasons = ", ".join(f"{reason} {n}" for reason, n in _largest(now.totals.failed))
    return (
        f"{now.totals.done} done, {now.pages_per_s:.1f}/s, {now.in_flight} in flight, "
        f"{now.queued} queued, {failed} failed{f' ({reasons})' if reasons else ''}"
    )


def live_view(now: Snapshot, width: int) -> RenderableType:
    """Return the live display; side tables stand beside each other where ``width`` allows."""
    failed = sum(now.totals.failed.values())
    head = Table.grid(padding=(0, 2))
    for _ in range(6):
        head.add_column(justify="left", no_wrap=True)
    head.add_row(
        Text(f"{now.totals.done:,} pages", style="bold green"),
        Text(f"{now.pages_per_s:,.1f}/s", style="bold"),
        f"{now.in_flight} in flight",
        f"{now.queued:,} queued",
        Text(f"{failed:,} failed", style="red" if failed else "dim"),
        Text(duration(now.elapsed_s), style="dim"),
    )
    sites = Table(box=None, padding=(0, 1), title="busiest sites", title_style="dim")
    sites.add_column("site", max_width=32, no_wrap=True, overflow="ellipsis")
    sites.add_column("done", justify="right")
    sites.add_column("in flight", justify="right")
    for site, done in now.tally.sites.most_common(_TOP):
        sites.add_row(site, f"{done:,}", str(now.active_sites.get(site, 0)))
    tables: list[RenderableType] = [sites]
    ended = {**now.totals.skipped, **now.totals.failed}
    if ended:
        reasons = Table(box=None, padding=(0, 1), title="not fetched", title_style="dim")
        reasons.add_column("reason", max_width=28, no_wrap=True, overflow="ellipsis")
        reasons.add_column("URLs", justify="right")
        for reason, count in _largest(ended):
            reasons.add_row(reason, f"{count:,}")
        tables.append(reasons)
    body = Table.grid()
    body.add_row(head)
    body.add_row(Columns(tables, padding=(0, 4)) if width >= 72 else sites)
    return Panel(body, title=f"crawlproj · {now.spider}", title_align="left", expand=False)


def summary_table(now: Snapshot, reason: str) -> RenderableType:
    """Return the table at the end: every discovered URL is in one of its rows."""
    totals = now.totals
    table = Table()
    table.add_column("what became of the URLs")
    table.add_column("URLs", justify="right")
    table.add_row("done", f"{totals.done:,}")
    for name, counts in (("failed", totals.failed), ("skipped", totals.skipped)):
        for slug, count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])):
            table.add_row(f"{name}: {slug}", f"{count:,}")
    left = totals.pending + totals.leased
    if left:
        table.add_row("left for the next run", f"{left:,}")
    table.add_section()
    table.add_row("discovered", f"{totals.discovered:,}", style="bold")
    speed = now.tally.done / now.elapsed_s if now.elapsed_s else 0.0
    this_run = f"this run: {now.tally.done:,} done in {duration(now.elapsed_s)}, {speed:,.1f}/s"
    headline = Text(_headline(now, reason), style="bold")
    return Group(headline, table, *(Text(line, style="dim") for line in (this_run, *now.places)))


def _headline(now: Snapshot, reason: str) -> str:
    if now.finished:
        return f"{now.spider}: finished (generation {now.generation})"
    return f"{now.spider}: stopped ({reason}); run the same command again to continue"


def _largest(counts: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:_TOP]
