"""What is shown of serve's section on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from crawlproj.lab.report.terminal import claims_table, plain_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType
    from rich.table import Table

Row = dict[str, Any]

_LATENCIES = ("alone_p50_s", "alone_p99_s", "short_p50_s", "short_p99_s", "slow_p50_s")


def serve_tables(section: Row) -> Iterator[RenderableType]:
    """Yield the tables of measure.py's section."""
    yield _short_ones(section)
    if failures := _failures(section):
        yield failures
    if section["claims"]:
        yield claims_table(section["claims"])
    yield _legend(section)


def _short_ones(section: Row) -> Table:
    settings = section["settings"]
    table = plain_table(
        f"{settings['rate']:g} queries/s, {settings['slow_share']:.0%} of them slow "
        f"({settings['slow_s'] * 1000:g} ms): latency in ms",
        "", "alone", "p99", "short", "p99", "slow", "503", "MB",
    )  # fmt: skip
    table.add_column("waits in", overflow="fold")
    rows = [row for row in section["rows"] if not row["broke"]]
    for row in sorted(rows, key=lambda row: row["short_p99_s"]["median"]):
        model = section["models"][row["model"]]
        refused = row["refused"]["median"]
        table.add_row(
            model["title"],
            *(_ms(row[name]) for name in _LATENCIES),
            f"{refused:.0%}" if refused else "",
            f"{row['pss_mb']['median']:.0f}" if row["pss_mb"] else "–",
            model["places"],
        )
    return table


def _failures(section: Row) -> Table | None:
    failures = [
        (model["title"], f"unavailable: {model['unavailable']}")
        for model in section["models"].values()
        if model["unavailable"]
    ]
    failures += [
        (section["models"][row["model"]]["title"], f"broke: {row['broke']}")
        for row in section["rows"]
        if row["broke"]
    ]
    if not failures:
        return None
    table = plain_table("not through", "")
    table.add_column("why", overflow="fold")
    for failure in failures:
        table.add_row(*failure)
    return table


def _legend(section: Row) -> Text:
    settings = section["settings"]
    late = [row["sent_late_p99_s"]["median"] for row in section["rows"] if not row["broke"]]
    busy = settings["rate"] * settings["slow_share"] * settings["slow_s"]
    return Text(
        "alone: p50 of the short queries without the slow ones, and their p99; short: the same "
        "with them; slow: p50. All since the query was due, whatever came before. The slow ones "
        f"keep {busy:.1f} places busy on average; models with a bound have "
        f"{settings['places']}. 503: slow queries not through in {settings['limit_s']:g} s, given "
        "up by the model with a time limit. MB: PSS of the process tree. A connection a query. "
        f"Medians of the rounds. Up to {max(late, default=0) * 1000:.0f} ms (p99) of the latencies "
        "are the load generator's own lateness."
        + (
            f" {settings['at_once']} models were measured at a time, so they disturbed each other."
            if settings["at_once"] > 1
            else ""
        ),
        style="dim",
    )


def _ms(figure: Row | None) -> str:
    if figure is None:
        return "–"
    milliseconds = figure["median"] * 1000
    return f"{milliseconds:.1f}" if milliseconds < 10 else f"{milliseconds:.0f}"
