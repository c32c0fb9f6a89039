"""Where a crawl shows itself, while somebody looks and after."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rich.console import Console
from rich.control import Control
from rich.live import Live
from rich.segment import ControlType, Segment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import ConsoleOptions, ConsoleRenderable, RenderableType


class Display(Console):
    """A console that shows nothing more once nobody reads it: the crawl goes on.

    rich's would end the process, as is right for a program that only prints.
    """

    def on_broken_pipe(self) -> None:
        """Be quiet from now on."""
        self.quiet = True


class LivePanel(Live):
    """A panel at the end of the terminal, which goes away when it stops.

    rich erases as many lines as it wrote. A terminal that is made narrower breaks each of them into
    several, of which rich would leave some behind. This erases those, too, except what the terminal
    pushes into its scrollback, as tmux does with the top of a high panel: nothing reaches that.

    An empty line ends it. The terminal writes ^C there when somebody presses Ctrl-C; after a line
    as wide as the terminal, it would begin another one, of which rich does not know.
    """

    def __init__(self, console: Console) -> None:
        self._widths: list[int] = []
        super().__init__(console=console, auto_refresh=False, transient=True)

    def get_renderable(self) -> RenderableType:
        """Return the panel, which notes the widths of its lines when it is shown."""
        return _Noted(super().get_renderable(), self._widths)

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Add what erases the panel before."""
        added = super().process_renderables(renderables)
        # xterm cuts the lines instead: more of them would be those above the panel.
        if not self.console.is_interactive or "XTERM_VERSION" in os.environ:
            return added
        width, shown = self.console.width, self._widths[: self.console.height]
        broken = sum(max(each - 1, 0) // width for each in shown)
        up = ((ControlType.ERASE_IN_LINE, 2), (ControlType.CURSOR_UP, 1))
        return [Control(*up * broken), *added]


class _Noted:
    """Puts the widths of its lines into ``widths`` whenever it is rendered."""

    def __init__(self, shown: RenderableType, widths: list[int]) -> None:
        self._shown = shown
        self._widths = widths

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        lines = console.render_lines(self._shown, options, pad=False)
        self._widths[:] = [*map(Segment.get_line_length, lines), 0]
        for line in lines:
            yield from line
            yield Segment.line()
        yield Segment.line()
