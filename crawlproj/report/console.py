"""The progress display and the summary: a snapshot in, rich's objects out. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    from crawlproj.report.item_tally import ItemTally
    from crawlproj.report.sites import SiteRow
    from crawlproj.scheduling.tally import Tally

_TOP = 6  # rows of a table of sites, and reasons in a line
_STYLES = {"open": "green", "limited": "yellow", "resting": "magenta", "down": "red", "idle": "dim"}
_PANEL_EDGES = 4
_LAYOUT = {"\n", "\t"}
_WIDTH_WITH_STATE = 92
_WIDTH_WITH_LATENCY = 72
# Width of the columns beside the site's name, with up to seven digits done: without latencies, with
# latencies, with the state; and in the table of slow sites.
_BESIDE_SITE, _BESIDE_SITE_LATENCY, _BESIDE_SITE_STATE = 33, 57, 66
_BESIDE_SLOW_SITE = 63
# A site held the crawl back if this share of its attempts, and at least this number, failed; or if
# its p99 is this many times the median, and at least this long.
_ERROR_SHARE, _MIN_ERRORS = 0.05, 5
_SLOWER_THAN_MEDIAN, _SLOW_S = 4.0, 1.0
_RATE_BY = {
    "delay": " by Crawl-delay or DOWNLOAD_DELAY",
    "refused": " because it refused more",
    "announced": " by the quota that it announced",
    "set": " by the settings",
}


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
    reasons = ", ".join(f"{reason} {n}" for reason, n in _largest(now.totals.failed))
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
        body.add_row(_sites_table(now.sites[:_TOP], width - _PANEL_EDGES))
    ended = {**now.totals.skipped, **now.totals.failed}
    if ended:
        body.add_row("")
        reasons = " · ".join(f"{reason} {count:,}" for reason, count in _largest(ended))
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


def _limit(limit: float | None) -> str:
    if limit is None:
        return "–"
    return f"{limit:.0f}" if limit >= 9.95 else f"{limit:.2g}"


def summary_table(now: Snapshot, reason: str, width: int = 100) -> RenderableType:
    """Return the summary at the end: a table in which every discovered URL counts in one row.

    Below it, within ``width`` characters, are the sites that held the crawl back, if any.
    """
    totals = now.totals
    table = Table()
    table.add_column("outcome")
    table.add_column("URLs", justify="right")
    table.add_row("done", f"{totals.done:,}")
    for name, counts in (("failed", totals.failed), ("skipped", totals.skipped)):
        for slug, count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])):
            table.add_row(plain(f"{name}: {slug}"), f"{count:,}")
    left = totals.pending + totals.leased
    if left:
        table.add_row("left for the next run", f"{left:,}")
    table.add_section()
    table.add_row("discovered", f"{totals.discovered:,}", style="bold")
    speed = now.tally.done / now.elapsed_s if now.elapsed_s else 0.0
    this_run = f"this run: {now.tally.done:,} done in {duration(now.elapsed_s)}, {speed:,.1f}/s"
    if now.pauses:
        times = "once" if now.pauses == 1 else f"{now.pauses:,} times"
        this_run += f"; paused {times} without a network, {duration(now.paused_s)} in all"
    if now.logins:
        this_run += f"; logged in again {'once' if now.logins == 1 else f'{now.logins:,} times'}"
    lines = [this_run]
    if now.checked:
        found = ", ".join(f"{count:,} {what}" for what, count in now.checked.items())
        lines.append(f"compared with earlier crawls: {found}")
    headline = plain(_headline(now, reason), "bold")
    parts: list[RenderableType] = [headline, table]
    if now.items:
        parts += [_items_table(now.items), ""]
    if slow := slow_sites(now.sites):
        parts += [_slow_sites_table(slow, width), ""]
    if now.traps:
        parts += [_traps_table(now.traps), ""]
    places = (plain(place, "dim", whole=True) for place in now.places)
    return Group(*parts, *(plain(line, "dim") for line in lines), *places)


def _items_table(items: Mapping[str, ItemTally]) -> Table:
    """Return the table of this run's items: those that came out of the pipelines, and the rest."""
    table = plain_table("Items of this run")
    table.add_column("type", no_wrap=True, overflow="ellipsis", max_width=30)
    for title in ("scraped", "stored", "dropped"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("why")
    for kind, tally in items.items():
        stored = "–" if tally.stored is None else f"{tally.stored:,}"
        why = " · ".join(f"{reason} {count:,}" for reason, count in _largest(tally.dropped))
        dropped = f"{sum(tally.dropped.values()):,}"
        table.add_row(plain(kind), f"{tally.scraped:,}", stored, dropped, plain(why))
    return table


def slow_sites(rows: Sequence[SiteRow]) -> list[tuple[SiteRow, str]]:
    """Return the sites that held the crawl back, with the reasons, worst first."""
    tails = [row.p99_s for row in rows if row.p99_s is not None]
    usual_s = median(tails) if tails else 0.0
    found = []
    for row in rows:
        reasons = []
        if row.state == "down":
            reasons.append("down")
        if row.rate_limit < float("inf"):
            by = _RATE_BY.get(row.rate_by, "")
            reasons.append(f"limited to {row.rate_limit:.2g}/s{by}")
        if row.trouble >= _MIN_ERRORS and row.trouble_share >= _ERROR_SHARE:
            reasons.append(f"{row.trouble_share:.0%} failed")
        if row.p99_s is not None and row.p99_s >= max(_SLOW_S, _SLOWER_THAN_MEDIAN * usual_s):
            reasons.append(f"{row.p99_s / usual_s:.0f} × the usual p99")
        if reasons:
            found.append((row, ", ".join(reasons)))
    found.sort(
        key=lambda entry: (entry[0].state != "down", -entry[0].errors, -(entry[0].p99_s or 0))
    )
    return found


def _slow_sites_table(slow: Sequence[tuple[SiteRow, str]], width: int) -> Table:
    table = plain_table("Sites that held the crawl back")
    site_width = max(16, min(40, width - _BESIDE_SLOW_SITE))
    table.add_column("site", max_width=site_width, no_wrap=True)
    for title in ("done", "errors", "limit", "p50", "p99"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("why", min_width=20)
    for row, why in slow[:_TOP]:
        table.add_row(
            plain(row.site),
            f"{row.done:,}",
            f"{row.errors:,}",
            _limit(row.limit),
            latency_text(row.p50_s),
            latency_text(row.p99_s),
            why,
        )
    if len(slow) > _TOP:
        table.caption = f"and {len(slow) - _TOP:,} more; -s REPORT=report.html shows all sites"
    return table


def _traps_table(traps: Mapping[str, str]) -> Table:
    table = plain_table("Traps, of which no more was fetched")
    table.add_column("URLs", overflow="fold")
    table.add_column("why")
    for shape, why in list(traps.items())[:_TOP]:
        table.add_row(plain(shape), plain(why))
    if len(traps) > _TOP:
        more = f"and {len(traps) - _TOP:,} more"
        table.caption = f"{more}; with -s LOG_LEVEL=INFO the log has them all"
    return table


def _headline(now: Snapshot, reason: str) -> str:
    if now.finished:
        return f"{now.spider}: finished (generation {now.generation})"
    return f"{now.spider}: stopped ({reason}); run the same command again to continue"


def _largest(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:_TOP]
