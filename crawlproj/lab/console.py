"""What the lab's commands share on a terminal: a plain table, and a bar of what is done."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MARKS = {True: ("✓", "green"), False: ("✗", "red"), None: ("?", "yellow")}


def plain_table(title: str, first: str, *figures: str) -> Table:
    """Return a table with a first column of names and columns of figures."""
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    table.add_column(first, no_wrap=True)
    for heading in figures:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def claims_table(claims: list[dict[str, Any]]) -> Table:
    """Return what is said beside what was measured; claims: of claims.py, as in the document."""
    table = plain_table("what is said, and what was measured", "")
    table.add_column("statement", overflow="fold")
    table.add_column("measured", overflow="fold")
    for claim in claims:
        mark, style = _MARKS[claim["holds"]]
        table.add_row(Text(mark, style=style), claim["statement"], claim["figure"])
    return table


@contextmanager
def progress() -> Iterator[Callable[[str, float], None]]:
    """Show on a terminal what is done (words, share of all); elsewhere say nothing."""
    console = Console(stderr=True)
    columns = (BarColumn(bar_width=20), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(
        *columns, console=console, transient=True, disable=not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda words, share: bar.update(task, description=words, completed=share)
