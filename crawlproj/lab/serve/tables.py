"""The tables that ``scrapy lab serve`` prints. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawlproj.lab.report.terminal import claims_table, legend, plain_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

Row = dict[str, Any]

_LATENCIES = ("alone_p50_s", "alone_p99_s", "mixed_p50_s", "mixed_p99_s", "slow_p50_s")


def serve_tables(section: Row) -> Iterator[RenderableType]:
    """Yield the tables of a section of measure.py."""
    yield _latencies(section)
    if failures := _failures(section):
        yield failures
    if section["claims"]:
        yield claims_table(section["claims"])
    yield _legend(section)


def _latencies(section: Row) -> Table:
    settings = section["settings"]
    table = plain_table(
        f"{settings['rate']:g} queries/s, {settings['slow_share']:.0%} of them slow "
        f"({settings['slow_s'] * 1000:g} ms): latency in ms",
        "model", "alone", "p99", "mixed", "p99", "slow", "503", "MB",
    )  # fmt: skip
    table.add_column("waits in", overflow="fold")
    rows = [row for row in section["rows"] if not row["failure"]]
    for row in sorted(rows, key=lambda row: row["mixed_p99_s"]["median"]):
        model = section["models"][row["model"]]
        refused = row["refused"]["median"]
        table.add_row(
            model["title"],
            *(_ms(row[name]) for name in _LATENCIES),
            f"{refused:.0%}" if refused else "",
            f"{row['pss_mb']['median']:.0f}" if row["pss_mb"] else "–",
            model["waits_in"],
        )
    return table


def _failures(section: Row) -> Table | None:
    models = section["models"]
    rows = [
        (model["title"], f"unavailable: {model['unavailable']}")
        for model in models.values()
        if model["unavailable"]
    ]
    rows += [
        (models[row["model"]]["title"], row["failure"]) for row in section["rows"] if row["failure"]
    ]
    if not rows:
        return None
    table = plain_table("not measured, or failed", "model")
    table.add_column("reason", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _legend(section: Row) -> Text:
    settings = section["settings"]
    late_s = [row["sent_late_p99_s"]["median"] for row in section["rows"] if not row["failure"]]
    late_ms = max(late_s, default=0) * 1000
    busy = settings["rate"] * settings["slow_share"] * settings["slow_s"]
    slots, limit_s, at_once = settings["slots"], settings["limit_s"], settings["at_once"]
    rounds = "one round" if settings["rounds"] == 1 else f"medians of {settings['rounds']} rounds"
    return legend(
        "alone: p50 and p99 of short queries without slow ones; mixed: with them; slow: p50 of "
        f"slow ones; {rounds}. Each latency counts from when its query was due.",
        f"Slow queries occupy {busy:.1f} slots on average; models that limit them have {slots}.",
        f"503: slow queries that the model with a time limit gave up after {limit_s:g} s. "
        "MB: PSS of the process tree.",
        f"The load generator itself caused up to {late_ms:.0f} ms (p99) of the latencies.",
        *([f"{at_once} models ran at the same time and disturbed each other."] * (at_once > 1)),
    )


def _ms(figure: Row | None) -> str:
    if figure is None:
        return "–"
    milliseconds = figure["median"] * 1000
    return f"{milliseconds:.1f}" if milliseconds < 10 else f"{milliseconds:.0f}"
