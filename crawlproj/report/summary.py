"""The summary at the end of a crawl: a snapshot in, rich's objects out. Pure."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table

from crawlproj.report.console import TOP, duration, latency_text, limit_text, plain, plain_table
from crawlproj.report.counts import by_count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from crawlproj.report.console import Snapshot
    from crawlproj.report.item_tally import ItemTally
    from crawlproj.report.sites import SiteRow

_BESIDE_SLOW_SITE = 63  # columns, with up to seven digits done
# A site held the crawl back if this share of its attempts, and at least this number, failed; or if
# its p99 is this many times the median, and at least this long.
_ERROR_SHARE, _MIN_ERRORS = 0.05, 5
_SLOWER_THAN_MEDIAN, _SLOW_S = 4.0, 1.0
_RATE_BY = {
    "delay": " by Crawl-delay, DOWNLOAD_DELAY or a command",
    "refused": " because it refused more",
    "announced": " by the quota that it announced",
    "set": " by the settings or a command",
}


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
        for slug, count in by_count(counts):
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
        why = " · ".join(f"{reason} {count:,}" for reason, count in by_count(tally.dropped)[:TOP])
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
    table.add_column("site", max_width=site_width, overflow="fold")
    for title in ("done", "errors", "limit", "p50", "p99"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("why", min_width=20)
    for row, why in slow[:TOP]:
        table.add_row(
            plain(row.site),
            f"{row.done:,}",
            f"{row.errors:,}",
            limit_text(row.limit),
            latency_text(row.p50_s),
            latency_text(row.p99_s),
            why,
        )
    if len(slow) > TOP:
        table.caption = f"and {len(slow) - TOP:,} more; -s REPORT=report.html shows all sites"
    return table


def _traps_table(traps: Mapping[str, str]) -> Table:
    table = plain_table("Traps, of which no more was fetched")
    table.add_column("URLs", overflow="fold")
    table.add_column("why")
    for shape, why in list(traps.items())[:TOP]:
        table.add_row(plain(shape), plain(why))
    if len(traps) > TOP:
        more = f"and {len(traps) - TOP:,} more"
        table.caption = f"{more}; with -s LOG_LEVEL=INFO the log has them all"
    return table


def _headline(now: Snapshot, reason: str) -> str:
    if now.finished:
        return f"{now.spider}: finished (generation {now.generation})"
    return f"{now.spider}: stopped ({reason}); run the same command again to continue"
