"""The progress of a command that knows how many rows it has to go through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType


class RowsBar(Progress):
    """A progress bar on standard error, which only a terminal shows and which goes away at the end.

    An empty line ends it, for the reason that LivePanel gives.

    title: of the bar until ``begin`` is called.
    """

    def __init__(self, title: str) -> None:
        console = Console(stderr=True)
        super().__init__(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[rows]}", style="progress.download"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._total = 0
        self._task = self.add_task(title, total=None, rows="")

    def begin(self, table: str, rows: int) -> None:
        """Show the name of a table and how many of its rows are to come."""
        self._total = rows
        self.update(self._task, description=table, total=rows)

    def show(self, rows: int) -> None:
        """Show how many rows are done."""
        self.update(self._task, completed=rows, rows=f"{rows:,} of {self._total:,} rows")

    def get_renderables(self) -> Iterable[RenderableType]:
        """Return the bar and an empty line."""
        return (*super().get_renderables(), "")
