"""The tables that ``scrapy lab fetch`` prints. Pure."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rich.text import Text

from crawlproj.lab.fetch.models.table import MAX_PROCESSES
from crawlproj.lab.fetch.recommendation import recommendation
from crawlproj.lab.report.terminal import claims_table, legend, plain_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType
    from rich.table import Table

Row = dict[str, Any]

_FIGURES_LEGEND = (
    "ideal: share of the throughput that waiting alone would allow. CPU, sys (the kernel's share "
    "of it), ctx (context switches): per page, of the process tree. MB: its peak PSS. "
    "conn: connections. p50, p99: latency in ms."
)
_NOISY = 0.25  # half the range over the median, from which a figure is marked


def fetch_tables(section: Row) -> Iterator[RenderableType]:
    """Yield the tables of a section of measure.py."""
    if words := recommendation(section):
        yield Text(words, style="bold")
    loads = section["settings"]["in_flight"]
    for fewer, in_flight in pairwise([0, *loads]):
        # A model with a lower maximum is shown with the next higher load.
        rows = [
            row
            for row in section["cells"]
            if fewer < row["in_flight"] <= in_flight and not row["failure"]
        ]
        if rows:
            yield _load_table(section, in_flight, rows, show_max=len(loads) > 1)
    if section["matrix"]:
        yield _matrix_table(section["matrix"])
    if failures := _failures(section):
        yield failures
    if section["claims"]:
        yield claims_table(section["claims"])
    yield _legend(section)


def _load_table(section: Row, in_flight: int, rows: list[Row], *, show_max: bool) -> Table:
    table = plain_table(
        f"{in_flight:,} in flight", "model", "pages/s", "ideal", "CPU ms", "sys", "ctx",
        "MB", "conn", "p50", "p99", *["max"] * show_max,
    )  # fmt: skip
    for row in sorted(rows, key=lambda row: -row["pages_per_s"]["median"]):
        name = row["model"]
        label = name if row["in_flight"] == in_flight else f"{name} ({row['in_flight']})"
        table.add_row(label, *_figures(row), *[_max_in_flight(section, name)] * show_max)
    return table


def _figures(row: Row) -> Iterator[str]:
    yield _rate(row["pages_per_s"])
    yield _plain(row["efficiency"], "{:.0%}")
    yield _plain(row["cpu_ms"], "{:.2f}")
    yield f"{row['system_ms']['median'] / max(row['cpu_ms']['median'], 1e-9):.0%}"
    yield f"{row['voluntary']['median'] + row['involuntary']['median']:.1f}"
    yield _plain(row["pss_mb"], "{:.0f}")
    yield _plain(row["max_connections"], "{:.0f}")
    for name in ("p50_s", "p99_s"):
        yield f"{row[name]['median'] * 1000:.0f}"


def _matrix_table(rows: list[Row]) -> Table:
    cells = {(row["parse_ms"], row["workers"], row["in_flight"]): row for row in rows}
    totals = sorted({row["in_flight"] for row in rows})
    table = plain_table(
        "n workers × c: pages/s", "parsing", "workers",
        *(f"{total} in flight" for total in totals),
    )  # fmt: skip
    for cost in sorted({row["parse_ms"] for row in rows}):
        for workers in sorted({row["workers"] for row in rows}):
            label = f"{cost:g} ms" if workers == 1 else ""
            values = (_cell(cells.get((cost, workers, total))) for total in totals)
            table.add_row(label, str(workers), *values)
    return table


def _cell(row: Row | None) -> str:
    if row is None:
        return "–"
    return "failed" if row["failure"] else _rate(row["pages_per_s"])


def _failures(section: Row) -> Table | None:
    rows = [
        (name, "", f"unavailable: {model['unavailable']}")
        for name, model in section["models"].items()
        if model["unavailable"]
    ]
    rows += [
        (row["model"], f"{row['in_flight']:,}", row["failure"])
        for row in section["cells"]
        if row["failure"]
    ]
    rows += [
        (name, f"{stress['in_flight']:,}", stress["failure"])
        for name, stress in section["stress"].items()
        if stress["failure"]
    ]
    if not rows:
        return None
    table = plain_table("not measured, or failed", "model", "in flight")
    table.add_column("reason", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _legend(section: Row) -> Text:
    settings = section["settings"]
    lines = [
        _FIGURES_LEGEND,
        f"workers, fleet: {settings['cores']} processes share the requests in flight.",
    ]
    if len(settings["in_flight"]) > 1:
        lines.append(
            "max: the most in flight that the model handled. Models of processes are given at most "
            f"{MAX_PROCESSES}."
        )
    models = section["models"].items()
    if names := [name for name, model in models if not model["keeps_connections"]]:
        lines.append(f"A new connection per page: {', '.join(names)}.")
    lines.append(
        f"Medians of {settings['rounds']} rounds; of one in flight, a single round. "
        "~: the rounds differ by a quarter or more. undecided: they disagree, or the machine "
        "was busy."
        if settings["rounds"] > 1
        else "One round."
    )
    return legend(*lines)


def _max_in_flight(section: Row, model: str) -> str:
    """Return the most in flight that a model handled."""
    handled = [
        row["in_flight"] for row in section["cells"] if row["model"] == model and not row["failure"]
    ]
    stress = section["stress"].get(model)
    if stress is not None and not stress["failure"]:
        handled.append(stress["in_flight"])
    return str(max(handled))


def _rate(figure: Row) -> str:
    """Return a median in pages/s, marked if the rounds differ much."""
    form = "{:,.0f}" if figure["median"] >= 100 else "{:.1f}"
    spread = (figure["high"] - figure["low"]) / 2 / figure["median"] if figure["median"] else 0.0
    return ("~" if spread >= _NOISY else "") + form.format(figure["median"])


def _plain(figure: Row | None, form: str) -> str:
    return form.format(figure["median"]) if figure else "–"
