"""The tables that ``scrapy lab advise`` prints. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from crawlproj.lab.advise.advisor import TOLERANCE
from crawlproj.lab.report.terminal import plain_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType
    from rich.table import Table

Row = dict[str, Any]

_MAX_ROWS = 6  # per number of workers: its largest loads


def advise_tables(section: Row) -> Iterator[RenderableType]:
    """Yield the tables of a section of advisor.py."""
    yield _workload(section)
    yield _candidates(section)
    yield from _recommended(section["recommended"])


def _workload(section: Row) -> RenderableType:
    sampled, settings = section["sampled"], section["settings"]
    p50, p90, p99 = (sampled[f"latency_p{q}_s"] * 1000 for q in (50, 90, 99))
    latency = f"latency p50 {p50:.0f}, p90 {p90:.0f}, p99 {p99:.0f} ms"
    lines = [section["workload"], f"{sampled['pages']:,} pages sampled: {latency}"]
    for cost in sampled["costs"]:
        support = (
            f", {cost['support_ms']:.2f} ms of supporting processes" if cost["support_ms"] else ""
        )
        workers = "1 worker" if cost["workers"] == 1 else f"{cost['workers']} workers"
        cpu = f"{cost['worker_ms']:.2f} ms{support}"
        lines.append(f"CPU per page, {workers}, {cost['in_flight']} in flight: {cpu}")
    lines.append(f"{settings['free_cores'][-1]:.1f} of {settings['cores']} cores are free")
    return Text("\n".join(lines))


def _candidates(section: Row) -> Table:
    table = plain_table("predicted", "workers × in flight", "pages/s")
    table.add_column("limited by")
    best = section["recommended"]
    for row in _worth_showing(section["candidates"], best):
        chosen = _load(row) == _load(best)
        table.add_row(
            _load(row), _rate(row["pages_per_s"]), row["bottleneck"], style="bold" if chosen else ""
        )
    return table


def _worth_showing(rows: list[Row], best: Row) -> Iterator[Row]:
    """Yield the largest loads of each number of workers, and the recommended load."""
    for workers in sorted({row["workers"] for row in rows}):
        group = [row for row in rows if row["workers"] == workers]
        for row in group:
            if row in group[-_MAX_ROWS:] or _load(row) == _load(best):
                yield row


def _recommended(best: Row) -> Iterator[RenderableType]:
    measured = best["measured_per_s"]
    text = Text()
    text.append(f"recommended: {_load(best)} in flight\n", style="bold")
    text.append(
        f"predicted {_rate(best['pages_per_s'])} pages/s, then measured {_rate(measured)} "
        f"({best['measured_pages']:,} pages): "
    )
    good = abs(best["deviation"]) <= TOLERANCE
    text.append(f"{best['deviation']:+.0%}", style="green" if good else "red")
    if not good:
        text.append(f"\nThe prediction is off by more than {TOLERANCE:.0%}. Possible reasons:")
        for reason in best["reasons"]:
            text.append(f"\n- {reason}")
    yield text
    yield Text("\n".join(best["snippet"]), overflow="fold")


def _load(row: Row) -> str:
    return f"{row['workers']} × {row['in_flight'] // row['workers']}"


def _rate(per_s: float) -> str:
    return f"{per_s:,.0f}" if per_s >= 100 else f"{per_s:.1f}"
