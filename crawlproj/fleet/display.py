"""What a fleet's display and summary look like (pure: a snapshot in, rich's objects out)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from crawlproj.latency.recorder import PHASES
from crawlproj.report.console import latency_text, live_view, log_line, summary_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from crawlproj.latency.histogram import Histogram
    from crawlproj.report.console import Snapshot

_STYLES = {"running": "green", "waiting": "yellow", "draining": "magenta", "refused": "red"}
_QUANTILES = (0.5, 0.9, 0.99)
_SHOWN = 10  # workers in the display; pages in the summary


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker.

    state: of policy.Phase. pid: 0 if there is no process. done: pages, all its processes.
    in_flight: requests. memory_mb: resident. restarts: processes after the first.
    due_s: seconds until it is started, where it waits for that.
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
    """How a fleet stands.

    crawl: of all workers together.
    counts: "crashed", "hung", "rolled", "recycled": how often. quarantined: URLs, by this run.
    phases: how long each took, all workers.
    """

    crawl: Snapshot
    workers: Sequence[WorkerRow]
    counts: Mapping[str, int]
    quarantined: Sequence[str]
    phases: Mapping[str, Histogram]


def fleet_line(now: FleetSnapshot) -> str:
    """Return one line for a log."""
    working = sum(row.state == "running" for row in now.workers)
    return f"{log_line(now.crawl)}; {working} of {len(now.workers)} workers{_restarts(now)}"


def fleet_view(now: FleetSnapshot, width: int) -> RenderableType:
    """Return the live display."""
    table = Table(box=None, padding=(0, 1), header_style="dim")
    table.add_column("worker", no_wrap=True)
    table.add_column("state", no_wrap=True, min_width=9)
    for title in ("pid", "done", "in flight", "pages/s", "memory", "restarts"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in now.workers[:_SHOWN]:
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
    if len(now.workers) > _SHOWN:
        table.add_row("…", f"{len(now.workers) - _SHOWN} more")
    parts: list[RenderableType] = [table]
    if now.quarantined:
        parts.append(Text(f"not tried again: {', '.join(now.quarantined[-3:])}", style="red"))
    return live_view(now.crawl, width, Group(*parts))


def fleet_summary(now: FleetSnapshot, reason: str, width: int) -> RenderableType:
    """Return what is told at the end."""
    parts = [summary_table(now.crawl, reason, width)]
    if any(now.phases[phase].count for phase in PHASES):
        parts += ["", _latencies(now.phases)]
    if now.quarantined:
        title = "Not tried again, as they killed their workers"
        parts += ["", Text(title, style="bold"), *map(Text, now.quarantined[:_SHOWN])]
        if len(now.quarantined) > _SHOWN:
            parts.append(Text(f"and {len(now.quarantined) - _SHOWN} more", style="dim"))
    told = f"{len(now.workers)} workers{_restarts(now) or ', no restarts'}"
    return Group(*parts, "", Text(told, style="dim"))


def _latencies(phases: Mapping[str, Histogram]) -> Table:
    table = Table(
        box=None,
        padding=(0, 1),
        header_style="dim",
        title="Where the time went, all workers",
        title_justify="left",
        title_style="bold",
    )
    table.add_column("phase", no_wrap=True)
    for title in ("times", *(f"p{100 * q:.0f}" for q in _QUANTILES), "max"):
        table.add_column(title, justify="right", no_wrap=True)
    for phase in PHASES:
        found = phases[phase]
        if found.count:
            quantiles = (latency_text(found.quantile(q)) for q in _QUANTILES)
            table.add_row(phase, f"{found.count:,}", *quantiles, latency_text(found.max))
    return table


def _restarts(now: FleetSnapshot) -> str:
    told = ", ".join(f"{count} {name}" for name, count in sorted(now.counts.items()) if count)
    return f", {told}" if told else ""
