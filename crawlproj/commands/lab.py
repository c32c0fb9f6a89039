"""``scrapy lab``: the concurrency lab. A subcommand's imports happen only when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawlproj.commands.pipes import while_read
from crawlproj.errors import CrawlprojError

if TYPE_CHECKING:
    import argparse

SUBCOMMANDS = {
    "fetch": "fetch pages under every concurrency model",
    "serve": "serve short and slow queries under every concurrency model",
    "hog": "run a task that never yields among short ones, and CPU work under the GIL",
    "advise": "recommend workers and requests in flight for a workload",
}
"""{name: help}.

The module ``crawlproj.lab.NAME.command`` has ``add_options(parser)``; ``listing()``, which yields
rows of text that say what the subcommand can measure; and ``run(opts)``, which raises
CrawlprojError for an error that the user can correct.
"""


class Command(ScrapyCommand):
    """Measures concurrency models; see docs/explanation/concurrency-models.md."""

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 - Scrapy's way

    def syntax(self) -> str:
        """Return the arguments of ``scrapy lab``."""
        return "<command> [options]"

    def short_desc(self) -> str:
        """Return the line of ``scrapy --help``."""
        return "Measure concurrency models on this machine"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add a parser for each subcommand."""
        super().add_options(parser)
        commands = parser.add_subparsers(
            title="Commands", dest="lab", metavar="<command>", prog="scrapy lab"
        )
        for name, description in SUBCOMMANDS.items():
            sub = commands.add_parser(name, help=description, description=description)
            _module(name).add_options(sub)

    @while_read
    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the subcommand, or list the subcommands and what each measures."""
        if opts.lab is None:
            for name, description in SUBCOMMANDS.items():
                print(f"scrapy lab {name}: {description}\n")
                for cells in _module(name).listing():
                    print("  " + "  ".join(cells).rstrip())
                print()
            print("scrapy lab <command> -h lists the options of a command.")
            return
        if args:
            raise UsageError(
                f"unknown option {args[0]!r}; see: scrapy lab {opts.lab} -h", print_help=False
            )
        try:
            _module(opts.lab).run(opts)
        except CrawlprojError as exc:
            raise UsageError(str(exc), print_help=False) from None


def _module(name: str) -> Any:
    return import_module(f"crawlproj.lab.{name}.command")
