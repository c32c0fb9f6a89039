"""The report on a terminal: tables, and a progress bar while the lab measures."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

ReportProgress = Callable[[str, float], None]
"""Takes what is measured next, in words, and the share of all work that is done, 0 to 1."""

_MARKS = {True: ("✓", "green"), False: ("✗", "red"), None: ("undecided", "yellow")}


def plain_table(title: str, first: str, *figures: str) -> Table:
    """Return a table with a first column of names and columns of figures."""
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_edge=False,
    )
    table.add_column(first, no_wrap=True)
    for heading in figures:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def claims_table(claims: list[dict[str, Any]]) -> Table:
    """Return a table of claims, which are given as in ``lab.json``."""
    table = plain_table("claims", "")
    table.add_column("claim", overflow="fold", ratio=2)
    table.add_column("measured", overflow="fold", ratio=3)
    for claim in claims:
        mark, style = _MARKS[claim["holds"]]
        table.add_row(Text(mark, style=style), claim["statement"], claim["figure"])
    return table


def legend(*lines: str) -> Text:
    """Return the explanation below the tables."""
    return Text("\n".join(lines), style="dim")


@contextmanager
def progress() -> Iterator[ReportProgress]:
    """Show a progress bar if standard error is a terminal."""
    console = Console(stderr=True)
    columns = (BarColumn(bar_width=20), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(
        *columns, console=console, transient=True, disable=not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda words, share: bar.update(task, description=words, completed=share)
