"""Where a crawl shows itself, while somebody looks and after."""

from __future__ import annotations

from rich.console import Console


class Display(Console):
    """A console that shows nothing more once nobody reads it: the crawl goes on.

    rich's would end the process, as is right for a program that only prints.
    """

    def on_broken_pipe(self) -> None:
        """Be quiet from now on."""
        self.quiet = True
