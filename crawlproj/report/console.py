"""The progress display: a snapshot in, rich's objects out. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from crawlproj.report.counts import by_count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from crawlproj.frontier.base import Totals
    from crawlproj.report.item_tally import ItemTally
    from crawlproj.report.sites import SiteRow
    from crawlproj.scheduling.tally import Tally

TOP = 6
"""Rows of a table of sites, and reasons in a line."""
_STYLES = {"open": "green", "limited": "yellow", "resting": "magenta", "down": "red", "idle": "dim"}
_PANEL_EDGES = 4
_LAYOUT = {"\n", "\t"}
_WIDTH_WITH_STATE = 92
_WIDTH_WITH_LATENCY = 72
# Width of the columns beside the site's name, with up to seven digits done: without latencies, with
# latencies, with the state.
_BESIDE_SITE, _BESIDE_SITE_LATENCY, _BESIDE_SITE_STATE = 33, 57, 66


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of the crawl.

    pages_per_s: over the last seconds. in_flight: requests downloading. queued: URLs that wait for
    their turn. totals: of the frontier's generation, over all runs. tally: of this run. sites: the
    candidates for display, busiest first, with pages_per_s over the last seconds. places: where
    frontier and store are. items: what became of this run's items, by type. paused: why the crawl
    is paused, "" if it is not. checked: what checks of pages of earlier crawls found, how often.
    pauses, paused_s: how often and how long it was, now included. logins: how often this run logged
    in again, because its session had ended.
    """

    spider: str
    elapsed_s: float
    pages_per_s: float
    in_flight: int
    queued: int
    totals: Totals
    tally: Tally
    sites: Sequence[SiteRow]
    finished: bool
    generation: int
    places: tuple[str, ...]
    traps: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, ItemTally] = field(default_factory=dict)
    paused: str = ""
    pauses: int = 0
    paused_s: float = 0.0
    checked: Mapping[str, int] = field(default_factory=dict)
    logins: int = 0


def plain(text: str, style: str = "", *, whole: bool = False) -> Text:
    """Return text from elsewhere as it reads: without markup, and unable to steer a terminal.

    Names of sites and jobs, reasons and URLs may be chosen by a page, or by who writes to Redis.

    whole: no line is broken, so that a path can be copied; print it with crop=False.
    """
    kept = (char if char.isprintable() or char in _LAYOUT else "\ufffd" for char in text)
    safe = Text("".join(kept), style=style)
    if whole:
        safe.no_wrap, safe.overflow = True, "ignore"
    return safe


def duration(seconds: float) -> str:
    """Return seconds as h:mm:ss."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def log_line(now: Snapshot) -> str:
    """Return one line for a log."""
    failed = sum(now.totals.failed.values())
    reasons = ", ".join(f"{reason} {n}" for reason, n in by_count(now.totals.failed)[:TOP])
    paused = f"paused, because {now.paused}: " if now.paused else ""
    return (
        f"{paused}{now.totals.done} done, {now.pages_per_s:.1f}/s, {now.in_flight} in flight, "
        f"{now.queued} queued, {failed} failed{f' ({reasons})' if reasons else ''}"
    )


def live_view(now: Snapshot, width: int, workers: RenderableType | None = None) -> RenderableType:
    """Return the live display, with more columns the larger ``width`` (characters) is.

    workers: the view of a fleet's workers, shown above the sites.
    """
    failed = sum(now.totals.failed.values())
    head = Text("  ").join(
        (
            Text(f"{now.totals.done:,} pages", style="bold green"),
            Text(f"{now.pages_per_s:,.1f}/s", style="bold"),
            Text(f"{now.in_flight} in flight"),
            Text(f"{now.queued:,} queued"),
            Text(f"{failed:,} failed", style="red" if failed else "dim"),
            Text(duration(now.elapsed_s), style="dim"),
        )
    )
    body = Table.grid()
    body.add_row(head)
    if now.paused:
        body.add_row("")
        body.add_row(Text(f"paused, because {now.paused}; no attempt is counted", style="red"))
    if workers is not None:
        body.add_row("")
        body.add_row(workers)
    if now.sites:
        body.add_row("")
        body.add_row(_sites_table(now.sites[:TOP], width - _PANEL_EDGES))
    ended = {**now.totals.skipped, **now.totals.failed}
    if ended:
        body.add_row("")
        reasons = " · ".join(f"{reason} {count:,}" for reason, count in by_count(ended)[:TOP])
        body.add_row(plain(f"not fetched: {reasons}", "dim"))
    title = plain(f"crawlproj · {now.spider}")
    return Panel(body, title=title, title_align="left", expand=False)


def _sites_table(rows: Sequence[SiteRow], width: int) -> Table:
    """Return the table of sites, with as many columns as fit into ``width``."""
    table = plain_table()
    latency, state = width >= _WIDTH_WITH_LATENCY, width >= _WIDTH_WITH_STATE
    others = _BESIDE_SITE_STATE if state else _BESIDE_SITE_LATENCY if latency else _BESIDE_SITE
    table.add_column("site", max_width=max(12, min(40, width - others)), no_wrap=True)
    for title in ("done", "in flight", "pages/s"):
        table.add_column(title, justify="right", no_wrap=True)
    if latency:
        table.add_column("p50", justify="right", no_wrap=True)
        table.add_column("p99", justify="right", no_wrap=True)
        table.add_column("errors", justify="right", no_wrap=True)
    if state:
        table.add_column("state", no_wrap=True)
    for row in rows:
        cells: list[RenderableType] = [
            plain(row.site),
            f"{row.done:,}",
            f"{row.in_flight}/{limit_text(row.limit)}",
            f"{row.pages_per_s:.1f}",
        ]
        if latency:
            errors = Text(f"{row.errors:,}", style="red" if row.errors else "dim")
            cells += [latency_text(row.p50_s), latency_text(row.p99_s), errors]
        if state:
            cells.append(Text(row.state, style=_STYLES.get(row.state, "")))
        table.add_row(*cells)
    return table


def plain_table(title: str | None = None) -> Table:
    """Return an empty table without lines, for the display and the summary."""
    return Table(
        box=None,
        padding=(0, 1),
        header_style="dim",
        title=title,
        title_justify="left",
        title_style="bold",
        caption_justify="left",
    )


def latency_text(seconds: float | None) -> str:
    """Return seconds with a suitable unit: 870µs, 42ms, 1.3s; "–" if unknown."""
    if seconds is None:
        return "–"
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f}µs"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.0f}ms"
    return f"{seconds:.1f}s" if seconds < 99.95 else f"{seconds:.0f}s"


def limit_text(limit: float | None) -> str:
    """Return a limit of requests in flight."""
    if limit is None:
        return "–"
    return f"{limit:.0f}" if limit >= 9.95 else f"{limit:.2g}"
