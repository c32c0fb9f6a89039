"""``scrapy lab``: the concurrency lab. What its commands need is only imported for them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawlproj.errors import CrawlprojError

if TYPE_CHECKING:
    import argparse

SUBCOMMANDS = {
    "fetch": "fetch pages under every concurrency model",
    "serve": "serve short and slow queries under every model of a back end",
    "hog": "run a task that will not let go among short ones, and CPU work under the GIL",
    "advise": "say how many workers × in flight a workload wants, and measure that",
}
"""Name → what it does.

Module ``crawlproj.lab.NAME.command`` has ``add_options(parser)``; ``listing()``, rows of text that
say what it measures; and ``run(opts)``, which raises CrawlprojError for what the user can mend.
"""


class Command(ScrapyCommand):
    """Measures on this machine; see docs/explanation/concurrency-models.md."""

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 - Scrapy's way

    def syntax(self) -> str:
        """Return what follows ``scrapy lab``."""
        return "<command> [options]"

    def short_desc(self) -> str:
        """Return the line of ``scrapy --help``."""
        return "Measure concurrency models on this machine"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add a parser a subcommand."""
        super().add_options(parser)
        commands = parser.add_subparsers(
            title="Commands", dest="lab", metavar="<command>", prog="scrapy lab"
        )
        for name, words in SUBCOMMANDS.items():
            sub = commands.add_parser(name, help=words, description=words)
            _module(name).add_options(sub)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the subcommand, or say which there are."""
        if opts.lab is None:
            for name, words in SUBCOMMANDS.items():
                print(f"scrapy lab {name}: {words} (-h: its options)\n")
                for cells in _module(name).listing():
                    print("  " + "  ".join(cells).rstrip())
            return
        if args:
            raise UsageError(
                f"{args[0]!r} is no option; see: scrapy lab {opts.lab} -h", print_help=False
            )
        try:
            _module(opts.lab).run(opts)
        except CrawlprojError as exc:
            raise UsageError(str(exc), print_help=False) from None


def _module(name: str) -> Any:
    return import_module(f"crawlproj.lab.{name}.command")
