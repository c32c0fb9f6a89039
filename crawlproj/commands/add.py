"""``scrapy add``: gives a crawl more URLs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawlproj.commands.steer import Steers, batched
from crawlproj.plural import counted
from crawlproj.steering import verbs

if TYPE_CHECKING:
    import argparse

    from crawlproj.commands.steer import Desk


class Command(Steers, ScrapyCommand):
    """Adds URLs to a crawl, also to a finished one."""

    def syntax(self) -> str:
        """Return what follows ``scrapy add``."""
        return "[options] [url …]"

    def short_desc(self) -> str:
        """Return the line of ``scrapy --help``."""
        return "Add URLs to a crawl"

    def long_desc(self) -> str:
        """Return the description in ``scrapy add --help``."""
        return (
            "Add URLs that the crawl has not found. Those it knows stay as they are. The spider "
            "handles them as it does a link. A finished job has work again. Example: scrapy add "
            "--file urls.txt"
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add where URLs come from."""
        super().add_options(parser)
        parser.add_argument(
            "--file", metavar="FILE", help="a file with a URL per line; - reads stdin"
        )
        parser.add_argument(
            "--priority", type=int, default=0, help="higher is fetched first (default: 0)"
        )

    async def steer(self, desk: Desk, args: list[str], opts: argparse.Namespace) -> None:
        """Add."""
        urls = [*args, *(_lines(opts.file) if opts.file else ())]
        if not urls:
            raise UsageError(
                "give at least one URL, for example: scrapy add https://example.org/new"
            )
        commands = [
            verbs.add(some, who=desk.who, at=desk.at, priority=opts.priority)
            for some in batched(urls, verbs.MAX_URLS)
        ]
        for command in commands:
            await desk.give(command, f"add {counted(len(command.arguments['urls']), 'URL')}")


def _lines(name: str) -> list[str]:
    """Return the URLs in a file. Raises UsageError if it cannot be read."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
    except OSError as exc:
        raise UsageError(
            f"--file {name} cannot be read: {exc.strerror}", print_help=False
        ) from None
    except UnicodeDecodeError:
        raise UsageError(f"--file {name} is not in UTF-8", print_help=False) from None
    return [line.strip() for line in text.splitlines() if line.strip() and line[0] != "#"]
