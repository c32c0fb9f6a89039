"""The tables that ``scrapy lab fetch`` prints. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawlproj.lab.fetch.models.table import MAX_PROCESSES
from crawlproj.lab.report.terminal import claims_table, legend, plain_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

Row = dict[str, Any]

_FIGURES_LEGEND = (
    "ideal: share of the throughput that waiting alone would allow. CPU, kernel (its share of the "
    "CPU), switch (context switches): per page, of the process tree. MB: its peak PSS. "
    "conn: connections. p50, p99: latency in ms."
)
_NOISY = 0.25  # half the range over the median, from which a figure is marked


def fetch_tables(section: Row) -> Iterator[RenderableType]:
    """Yield the tables of a section of measure.py."""
    for in_flight in section["settings"]["in_flight"]:
        if table := _load_table(section, in_flight):
            yield table
    if section["matrix"]:
        yield from _matrix_tables(section["matrix"])
    if failures := _failures(section):
        yield failures
    if section["claims"]:
        yield claims_table(section["claims"])
    yield _legend(section)


def _load_table(section: Row, in_flight: int) -> Table | None:
    rows = [row for row in section["cells"] if row["in_flight"] == in_flight and not row["failure"]]
    if not rows:
        return None
    table = plain_table(
        f"{in_flight:,} in flight", "model", "pages/s", "ideal", "CPU ms", "kernel", "switch",
        "MB", "conn", "p50", "p99", "max",
    )  # fmt: skip
    for row in sorted(rows, key=lambda row: -row["pages_per_s"]["median"]):
        table.add_row(row["model"], *_figures(row), _max_in_flight(section, row["model"]))
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


def _matrix_tables(rows: list[Row]) -> Iterator[Table]:
    totals = sorted({row["in_flight"] for row in rows})
    for cost in sorted({row["parse_ms"] for row in rows}):
        table = plain_table(
            f"n workers × c, parsing {cost:g} ms per page: pages/s", "workers",
            *(f"{total} in flight" for total in totals),
        )  # fmt: skip
        for workers in sorted({row["workers"] for row in rows}):
            cells = {
                row["in_flight"]: row
                for row in rows
                if row["workers"] == workers and row["parse_ms"] == cost
            }
            table.add_row(str(workers), *(_cell(cells.get(total)) for total in totals))
        yield table


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
    cores, rounds = section["settings"]["cores"], section["settings"]["rounds"]
    names = [name for name, model in section["models"].items() if not model["keeps_connections"]]
    lines = [
        (
            f"max: the most in flight that the model handled, for processes {MAX_PROCESSES}. "
            f"workers, fleet: {cores} processes share the requests in flight."
        ),
        f"A new connection per page: {', '.join(names)}." if names else "",
        (
            "One round."
            if rounds == 1
            else f"Medians of {rounds} rounds; of one in flight, a single round. "
            "~: the rounds differ by a quarter or more. ?: the rounds disagree."
        ),
    ]
    return legend(_FIGURES_LEGEND, *filter(None, lines))


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
