"""What is shown of hog's section on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from crawlproj.lab.report.terminal import claims_table, plain_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType
    from rich.table import Table

Row = dict[str, Any]

_KINDS = {"python": "pure Python", "hash": "hashlib"}


def hog_tables(section: Row) -> Iterator[RenderableType]:
    """Yield the tables of measure.py's section."""
    yield _lateness(section)
    yield _gil(section["gil"])
    if section["claims"]:
        yield claims_table(section["claims"])
    yield _legend(section["settings"])


def _lateness(section: Row) -> Table:
    settings = section["settings"]
    table = plain_table(
        f"{settings['tasks']} short tasks and a hog of {settings['hog_cpu_s']:g} s: how late they "
        "were, ms",
        "", "before", "p50", "p99", "most", "hog s",
    )  # fmt: skip
    table.add_column("who ends a turn", overflow="fold")
    for row in section["rows"]:
        model = section["models"][row["model"]]
        if row["broke"]:
            table.add_row(model["title"], *["–"] * 5, f"broke: {row['broke']}")
            continue
        table.add_row(
            model["title"],
            *(
                _ms(row[name])
                for name in ("before_p99_s", "during_p50_s", "during_p99_s", "during_max_s")
            ),
            f"{row['hog_wall_s']['median']:.2f}",
            model["switches"],
        )
    for model in section["models"].values():
        if model["unavailable"]:
            table.add_row(model["title"], *["–"] * 5, f"unavailable: {model['unavailable']}")
    return table


def _gil(rows: list[Row]) -> Table:
    counts = list(rows[0]["speedup"])
    table = plain_table("the same CPU work in n workers, times that of one", "work")
    table.add_column("in")
    table.add_column("interpreter", overflow="fold")
    for count in counts:
        table.add_column(f"n = {count}", justify="right")
    for row in rows:
        if not row["interpreter"]:
            table.add_row("free-threaded", "", row["unavailable"])
            continue
        python = f"{row['interpreter']}{'' if row['gil'] else ', no GIL'}"
        speedups = (f"{row['speedup'][count]:.2f}" for count in counts)
        table.add_row(_KINDS[row["kind"]], row["unit"], python, *speedups)
    return table


def _legend(settings: Row) -> Text:
    return Text(
        f"Each short task is due every {settings['period_s'] * 1000:g} ms whatever became of the "
        "time before. before: their p99 until the hog began; p50, p99, most: of the times due "
        f"while it ran. hog s: seconds it took to get its {settings['hog_cpu_s']:g} s of CPU. "
        "Medians of the rounds; of the CPU work the best. hashlib lets go of the GIL while it "
        "digests. ?: no second core was free, so processes gained nothing either.",
        style="dim",
    )


def _ms(figure: Row) -> str:
    milliseconds = figure["median"] * 1000
    return f"{milliseconds:.1f}" if milliseconds < 10 else f"{milliseconds:.0f}"
