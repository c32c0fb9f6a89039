"""Renders a fleet's display and summary. Pure: takes a snapshot, returns rich objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from crawlproj.latency.recorder import PHASES
from crawlproj.plural import counted
from crawlproj.report.console import (
    latency_text,
    live_view,
    log_line,
    plain,
    plain_table,
)
from crawlproj.report.summary import summary_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType
    from rich.table import Table

    from crawlproj.latency.histogram import Histogram
    from crawlproj.report.console import Snapshot

_STYLES = {"running": "green", "waiting": "yellow", "draining": "magenta", "refused": "red"}
_QUANTILES = (0.5, 0.9, 0.99)
_MAX_SHOWN = 10  # workers in the display, quarantined pages in the summary


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker.

    state: its worker.Phase. pid: 0 if it has no process. done: pages, over all its processes.
    in_flight: requests. memory_mb: resident memory. restarts: processes after the first.
    due_s: seconds until it starts, while it waits for that.
    """

    name: str
    state: str
    pid: int = 0
    done: int = 0
    pages_per_s: float = 0.0
    in_flight: int = 0
    memory_mb: float = 0.0
    restarts: int = 0
    due_s: float = 0.0


@dataclass(frozen=True, slots=True)
class FleetSnapshot:
    """The state of a fleet at one moment.

    crawl: the crawl, all workers together.
    counts: how often workers "crashed", "hung", were "rolled" or "recycled".
    quarantined: the URLs that this run has given up. phases: latencies by phase, all workers.
    """

    crawl: Snapshot
    workers: Sequence[WorkerRow]
    counts: Mapping[str, int]
    quarantined: Sequence[str]
    phases: Mapping[str, Histogram]


def fleet_line(now: FleetSnapshot) -> str:
    """Return one line for a log."""
    working = sum(row.state == "running" for row in now.workers)
    return (
        f"{log_line(now.crawl)}; {working} of {counted(len(now.workers), 'worker')}{_restarts(now)}"
    )


def fleet_view(now: FleetSnapshot, width: int) -> RenderableType:
    """Return the live display."""
    table = plain_table()
    table.add_column("worker", no_wrap=True)
    table.add_column("state", no_wrap=True, min_width=9)
    for title in ("pid", "done", "in flight", "pages/s", "memory", "restarts"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in now.workers[:_MAX_SHOWN]:
        state = f"in {row.due_s:.0f} s" if row.due_s > 0.5 else row.state
        table.add_row(
            row.name,
            Text(state, style=_STYLES.get(row.state, "")),
            str(row.pid) if row.pid else "–",
            f"{row.done:,}",
            str(row.in_flight),
            f"{row.pages_per_s:.1f}",
            f"{row.memory_mb:.0f} MB" if row.memory_mb else "–",
            Text(str(row.restarts), style="red" if row.restarts else "dim"),
        )
    if len(now.workers) > _MAX_SHOWN:
        table.add_row("…", f"{len(now.workers) - _MAX_SHOWN} more")
    parts: list[RenderableType] = [table]
    if now.quarantined:
        parts.append(plain(f"not tried again: {', '.join(now.quarantined[-3:])}", "red"))
    return live_view(now.crawl, width, Group(*parts))


def fleet_summary(now: FleetSnapshot, reason: str, width: int) -> RenderableType:
    """Return the summary that is printed at the end.

    reason: why a crawl that is not finished ended. width: columns of the terminal.
    """
    parts = [summary_table(now.crawl, reason, width)]
    if any(now.phases[phase].count for phase in PHASES):
        parts += ["", _latencies(now.phases)]
    if now.quarantined:
        title = "Not tried again because they killed their workers"
        parts += ["", Text(title, style="bold"), *map(plain, now.quarantined[:_MAX_SHOWN])]
        if len(now.quarantined) > _MAX_SHOWN:
            parts.append(Text(f"and {len(now.quarantined) - _MAX_SHOWN} more", style="dim"))
    footer = f"{counted(len(now.workers), 'worker')}{_restarts(now) or ', no restarts'}"
    return Group(*parts, "", Text(footer, style="dim"))


def _latencies(phases: Mapping[str, Histogram]) -> Table:
    table = plain_table("Where the time went, all workers")
    table.add_column("phase", no_wrap=True)
    for title in ("count", *(f"p{100 * q:.0f}" for q in _QUANTILES), "max"):
        table.add_column(title, justify="right", no_wrap=True)
    for phase in PHASES:
        found = phases[phase]
        if found.count:
            quantiles = (latency_text(found.quantile(q)) for q in _QUANTILES)
            table.add_row(phase, f"{found.count:,}", *quantiles, latency_text(found.max))
    return table


def _restarts(now: FleetSnapshot) -> str:
    counts = ", ".join(f"{count} {name}" for name, count in sorted(now.counts.items()) if count)
    return f", {counts}" if counts else ""
