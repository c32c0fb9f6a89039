"""What the lab's commands share: tables, a bar of what is done, and how a result is told."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from crawlproj.lab.report.results_file import LabFiles
from crawlproj.lab.system.machine import describe, look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rich.console import RenderableType

_INTERRUPTED = 130  # 128 + SIGINT
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
        show_edge=False,
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


def measure_and_tell(
    name: str,
    out: str,
    measure: Callable[[Callable[[str, float], None]], dict[str, Any]],
    tables: Callable[[dict[str, Any]], Iterable[RenderableType]],
) -> None:
    """Measure a section of the lab's document, print its tables, and write it below ``out``.

    Raises ConfigError, and SystemExit as shells have it after a word to whoever pressed Ctrl-C.
    """
    try:
        _measure_and_tell(name, out, measure, tables)
    except KeyboardInterrupt:
        sys.stderr.write(f"interrupted: nothing was written for {name}\n")
        raise SystemExit(_INTERRUPTED) from None


def _measure_and_tell(
    name: str,
    out: str,
    measure: Callable[[Callable[[str, float], None]], dict[str, Any]],
    tables: Callable[[dict[str, Any]], Iterable[RenderableType]],
) -> None:
    files = LabFiles(out)
    before = look()
    console = Console()
    with progress() as say:
        section = measure(say)
    after = look()
    machine = describe(None if before is None or after is None else max(before, after))
    for table in tables(section):
        console.print(table)
        console.print()
    if machine["busy"]:
        console.print(
            f"Other programs took {machine['others']:.0%} of this machine just before or after: "
            "the figures are provisional."
        )
    written = files.add(name, section, machine)
    console.print(f"written: {' and '.join(map(str, written))}", soft_wrap=True)
    if len(written) == 1:
        console.print("for a page of plots: pip install 'crawlproj[lab]'")
