"""The lab's results as tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from crawlproj.lab.fetch.models.table import MOST_PROCESSES
from crawlproj.lab.report.terminal import claims_table, plain_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType
    from rich.table import Table

Row = dict[str, Any]

_NOISY = 0.25  # spread from which a figure is marked


def fetch_tables(section: Row) -> Iterator[RenderableType]:
    """Yield what is shown of fetch.py's section."""
    settings = section["settings"]
    for in_flight in settings["in_flight"]:
        if table := _load_table(section, in_flight):
            yield table
    if section["matrix"]:
        yield from _matrix_tables(section["matrix"])
    if failures := _failures(section):
        yield failures
    yield claims_table(section["claims"])
    yield _legend(section)


def _load_table(section: Row, in_flight: int) -> Table | None:
    rows = [row for row in section["cells"] if row["in_flight"] == in_flight and not row["broke"]]
    if not rows:
        return None
    table = plain_table(f"{in_flight:,} in flight", "model")
    for heading in ("pages/s", "ideal", "CPU ms", "sys", "switch", "MB", "conn", "p50", "p99",
                    "most"):  # fmt: skip
        table.add_column(heading, justify="right", no_wrap=True)
    for row in sorted(rows, key=lambda row: -row["pages_per_s"]["median"]):
        table.add_row(row["model"], *_figures(row), _up_to(section, row["model"]))
    return table


def _figures(row: Row) -> Iterator[str]:
    yield _rate(row["pages_per_s"])
    yield _plain(row["efficiency"], "{:.0%}")
    yield _plain(row["cpu_ms"], "{:.2f}")
    yield f"{row['system_ms']['median'] / max(row['cpu_ms']['median'], 1e-9):.0%}"
    yield f"{row['voluntary']['median'] + row['involuntary']['median']:.1f}"
    yield _plain(row["pss_mb"], "{:.0f}")
    yield _plain(row["connections"], "{:.0f}")
    for name in ("p50_s", "p99_s"):
        yield f"{row[name]['median'] * 1000:.0f}"


def _matrix_tables(rows: list[Row]) -> Iterator[Table]:
    totals = sorted({row["in_flight"] for row in rows})
    for cost in sorted({row["parse_ms"] for row in rows}):
        table = plain_table(f"n workers × c, parsing {cost:g} ms a page: pages/s", "workers")
        for total in totals:
            table.add_column(f"{total} in flight", justify="right")
        for workers in sorted({row["workers"] for row in rows}):
            found = {
                row["in_flight"]: row
                for row in rows
                if row["workers"] == workers and row["parse_ms"] == cost
            }
            table.add_row(str(workers), *(_cell(found.get(total)) for total in totals))
        yield table


def _cell(row: Row | None) -> str:
    if row is None:
        return "–"
    return "broke" if row["broke"] else _rate(row["pages_per_s"])


def _failures(section: Row) -> Table | None:
    models, rows = section["models"], []
    for name, model in models.items():
        if model["unavailable"]:
            rows.append((name, "", f"unavailable: {model['unavailable']}"))
    rows += [
        (row["model"], f"{row['in_flight']:,}", row["broke"])
        for row in section["cells"]
        if row["broke"]
    ]
    for name, found in section["reach"].items():
        if found["broke"]:
            rows.append((name, f"{found['in_flight']:,}", found["broke"]))
    if not rows:
        return None
    table = plain_table("not through", "model")
    table.add_column("in flight", justify="right")
    table.add_column("why", overflow="fold")
    for each in rows:
        table.add_row(*each)
    return table


def _legend(section: Row) -> Text:
    cores = section["settings"]["cores"]
    each = [name for name, model in section["models"].items() if not model["keeps"]]
    count = section["settings"]["rounds"]
    many = f"Medians of {count} rounds, of one in flight but one." if count > 1 else "One round."
    alone = f"A connection a page, having no place to keep one: {', '.join(each)}. " if each else ""
    return Text(
        "ideal: share of what waiting alone would allow. CPU, sys (the kernel's share of it), "
        "switch (of context): per page, of the whole process tree. MB: its peak PSS. conn: "
        "connections. p50, p99: latency in ms. most: that it got through with in flight; "
        f"processes are asked for {MOST_PROCESSES} at most. workers, fleet: {cores} processes "
        "share the requests in flight. "
        f"{alone}"
        f"{many} "
        "~: the rounds differ by a quarter or more; ?: they disagree.",
        style="dim",
    )


def _up_to(section: Row, model: str) -> str:
    """The most in flight that a model got through with."""
    through = [
        row["in_flight"] for row in section["cells"] if row["model"] == model and not row["broke"]
    ]
    reach = section["reach"].get(model)
    if reach is not None and not reach["broke"]:
        through.append(reach["in_flight"])
    return str(max(through))


def _rate(figure: Row) -> str:
    """A median in pages/s, marked where the rounds differ much."""
    form = "{:,.0f}" if figure["median"] >= 100 else "{:.1f}"
    spread = (figure["high"] - figure["low"]) / 2 / figure["median"] if figure["median"] else 0.0
    return ("~" if spread >= _NOISY else "") + form.format(figure["median"])


def _plain(figure: Row | None, form: str) -> str:
    return form.format(figure["median"]) if figure else "–"
