"""What the progress display and the summary look like (pure: a snapshot in, rich's objects out)."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from crawlproj.frontier.base import Totals
    from crawlproj.report.sites import SiteRow
    from crawlproj.scheduling.tally import Tally

_TOP = 6  # rows of a table of sites, and reasons in a line
_STYLES = {"open": "green", "limited": "yellow", "resting": "magenta", "down": "red", "idle": "dim"}
_PANEL_EDGES = 4
_WIDTH_WITH_STATE = 92
_WIDTH_WITH_LATENCY = 72
# What the columns right of the site's name may take, up to seven digits done.
_PAGES_TO_DONE, _ERRORS_TO_DONE, _STATE_TO_DONE = 33, 57, 66
_TOLD_BESIDE_SITE = 63
# What is worth a line at the end: this share of attempts failed; this much slower than most.
_MANY_ERRORS, _FEW_ERRORS = 0.05, 5
_SLOWER_THAN_MEDIAN, _SLOW_S = 4.0, 1.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How the crawl stands.

    pages_per_s: over the last seconds. in_flight: requests downloading. queued:
    URLs waiting for their turn. totals: of the frontier's
    generation, all runs. tally: of this run. sites: those that may be shown, busiest first, their
    pages_per_s over the last seconds too. places: where frontier and store are.
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


def live_view(now: Snapshot, width: int, workers: RenderableType | None = None) -> RenderableType:
    """Return the live display; more of each site is shown where ``width`` allows.

    workers: what there is to see of a fleet's, above the sites.
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
    if workers is not None:
        body.add_row("")
        body.add_row(workers)
    if now.sites:
        body.add_row("")
        body.add_row(_sites_table(now.sites[:_TOP], width - _PANEL_EDGES))
    ended = {**now.totals.skipped, **now.totals.failed}
    if ended:
        body.add_row("")
        reasons = " · ".join(f"{reason} {count:,}" for reason, count in _largest(ended))
        body.add_row(Text(f"not fetched: {reasons}", style="dim"))
    return Panel(body, title=f"crawlproj · {now.spider}", title_align="left", expand=False)


def _sites_table(rows: Sequence[SiteRow], width: int) -> Table:
    """Return what the sites do, as much of it as ``width`` allows."""
    table = Table(box=None, padding=(0, 1), header_style="dim")
    latency, state = width >= _WIDTH_WITH_LATENCY, width >= _WIDTH_WITH_STATE
    others = _STATE_TO_DONE if state else _ERRORS_TO_DONE if latency else _PAGES_TO_DONE
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
            Text(row.site),
            f"{row.done:,}",
            f"{row.in_flight}/{_limit(row.limit)}",
            f"{row.pages_per_s:.1f}",
        ]
        if latency:
            errors = Text(f"{row.errors:,}", style="red" if row.errors else "dim")
            cells += [latency_text(row.p50_s), latency_text(row.p99_s), errors]
        if state:
            cells.append(Text(row.state, style=_STYLES.get(row.state, "")))
        table.add_row(*cells)
    return table


def latency_text(seconds: float | None) -> str:
    """Return seconds with a unit that fits them: 870us, 42ms, 1.3s; "–" when unknown."""
    if seconds is None:
        return "–"
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f}µs"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.0f}ms"
    return f"{seconds:.1f}s" if seconds < 99.95 else f"{seconds:.0f}s"


def _limit(limit: float | None) -> str:
    if limit is None:
        return "–"
    return f"{limit:.0f}" if limit >= 9.95 else f"{limit:.2g}"


def summary_table(now: Snapshot, reason: str, width: int = 100) -> RenderableType:
    """Return the table at the end: every discovered URL is in one of its rows.

    Below it, within ``width``, are the sites that held the crawl back, if any did.
    """
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
    parts: list[RenderableType] = [headline, table]
    if told := worth_telling(now.sites):
        parts += ["", _told_table(told, width), ""]
    return Group(*parts, *(Text(line, style="dim") for line in (this_run, *now.places)))


def worth_telling(rows: Sequence[SiteRow]) -> list[tuple[SiteRow, str]]:
    """Return the sites that held the crawl back, and how; those where most was lost first."""
    tails = [row.p99_s for row in rows if row.p99_s is not None]
    usual_s = median(tails) if tails else 0.0
    told = []
    for row in rows:
        reasons = []
        if row.state == "down":
            reasons.append("down")
        if row.rate_limit < float("inf"):
            reasons.append(f"limited to {row.rate_limit:.2g}/s")
        if row.errors >= _FEW_ERRORS and row.error_share >= _MANY_ERRORS:
            reasons.append(f"{row.error_share:.0%} failed")
        if row.p99_s is not None and row.p99_s >= max(_SLOW_S, _SLOWER_THAN_MEDIAN * usual_s):
            reasons.append(f"{row.p99_s / usual_s:.0f} × the usual p99")
        if reasons:
            told.append((row, ", ".join(reasons)))
    told.sort(
        key=lambda entry: (entry[0].state != "down", -entry[0].errors, -(entry[0].p99_s or 0))
    )
    return told


def _told_table(told: Sequence[tuple[SiteRow, str]], width: int) -> Table:
    table = Table(
        box=None,
        padding=(0, 1),
        header_style="dim",
        title="Sites that held the crawl back",
        title_justify="left",
        title_style="bold",
        caption_justify="left",
    )
    site_width = max(16, min(40, width - _TOLD_BESIDE_SITE))
    table.add_column("site", max_width=site_width, no_wrap=True)
    for title in ("done", "errors", "limit", "p50", "p99"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("why", min_width=20)
    for row, why in told[:_TOP]:
        table.add_row(
            Text(row.site),
            f"{row.done:,}",
            f"{row.errors:,}",
            _limit(row.limit),
            latency_text(row.p50_s),
            latency_text(row.p99_s),
            why,
        )
    if len(told) > _TOP:
        table.caption = f"and {len(told) - _TOP:,} more; -s REPORT=report.html shows them all"
    return table


def _headline(now: Snapshot, reason: str) -> str:
    if now.finished:
        return f"{now.spider}: finished (generation {now.generation})"
    return f"{now.spider}: stopped ({reason}); run the same command again to continue"


def _largest(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:_TOP]
