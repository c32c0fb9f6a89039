"""The tables that ``scrapy lab hog`` prints. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawlproj.lab.report.terminal import claims_table, legend, plain_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

Row = dict[str, Any]

_KINDS = {"python": "pure Python", "hash": "hashlib"}
_LATENESS = ("before_p99_s", "during_p50_s", "during_p99_s", "during_max_s")


def hog_tables(section: Row) -> Iterator[RenderableType]:
    """Yield the tables of a section of measure.py."""
    yield _lateness(section)
    yield _gil(section["gil"])
    if section["claims"]:
        yield claims_table(section["claims"])
    yield _legend(section)


def _lateness(section: Row) -> Table:
    settings = section["settings"]
    table = plain_table(
        f"{settings['tasks']} short tasks and a hog of {settings['hog_cpu_s']:g} s: lateness in ms",
        "model", "before", "p50", "p99", "max", "hog s",
    )  # fmt: skip
    table.add_column("switched by", overflow="fold")
    blank = ["–"] * (len(_LATENESS) + 1)
    for row in section["rows"]:
        model = section["models"][row["model"]]
        if row["failure"]:
            table.add_row(model["title"], *blank, f"failed: {row['failure']}")
            continue
        table.add_row(
            model["title"],
            *(_ms(row[name]) for name in _LATENESS),
            f"{row['hog_wall_s']['median']:.2f}",
            model["switched_by"],
        )
    for model in section["models"].values():
        if model["unavailable"]:
            table.add_row(model["title"], *blank, f"unavailable: {model['unavailable']}")
    return table


def _gil(rows: list[Row]) -> Table:
    counts = list(rows[0]["speedup"])
    table = plain_table("CPU work done by n workers, in multiples of one worker's", "work")
    table.add_column("in")
    table.add_column("interpreter", overflow="fold")
    for count in counts:
        table.add_column(f"n = {count}", justify="right")
    for row in rows:
        if row["interpreter"]:
            python = f"{row['interpreter']}{'' if row['gil'] else ', no GIL'}"
            speedups = (f"{row['speedup'][count]:.2f}" for count in counts)
            table.add_row(_KINDS[row["kind"]], row["unit"], python, *speedups)
    return table


def _legend(section: Row) -> Text:
    settings = section["settings"]
    rounds = "one round" if settings["rounds"] == 1 else f"medians of {settings['rounds']} rounds"
    missing = [row["unavailable"] for row in section["gil"] if not row["interpreter"]]
    return legend(
        f"Each short task is due every {settings['period_s'] * 1000:g} ms, however late it was "
        "before. before: p99 of the turns before the hog started; p50, p99, max: of the turns due "
        f"while it ran; {rounds}. hog s: how long it took to get its {settings['hog_cpu_s']:g} s "
        "of CPU.",
        "CPU work: the best of the rounds. hashlib releases the GIL. ?: no second core was free, "
        "because processes gained nothing either.",
        *(f"No free-threaded interpreter: {reason}." for reason in missing),
    )


def _ms(figure: Row) -> str:
    milliseconds = figure["median"] * 1000
    return f"{milliseconds:.1f}" if milliseconds < 10 else f"{milliseconds:.0f}"
