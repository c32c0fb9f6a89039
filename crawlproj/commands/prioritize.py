"""``scrapy prioritize``: lets some pending URLs come first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawlproj.commands.steer import Steers, selected
from crawlproj.frontier.commands import Verb
from crawlproj.steering import verbs

if TYPE_CHECKING:
    import argparse

    from crawlproj.commands.steer import Desk


class Command(Steers, ScrapyCommand):
    """Changes the priority of pending URLs."""

    def syntax(self) -> str:
        """Return what follows ``scrapy prioritize``."""
        return "[options] <pattern>"

    def short_desc(self) -> str:
        """Return the line of ``scrapy --help``."""
        return "Fetch the URLs that match a pattern first"

    def long_desc(self) -> str:
        """Return the description in ``scrapy prioritize --help``."""
        return (
            "Give the pending URLs that match another priority: within its site, a higher one is "
            "fetched first. A pattern is written as for -a exclude=: */news/*, /news/*, or re: and "
            'an expression. Example: scrapy prioritize "*/news/*" --priority 10'
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add --site and --priority."""
        super().add_options(parser)
        parser.add_argument(
            "--site", default="", help="only URLs of this site, or of those that match"
        )
        parser.add_argument("--priority", type=int, default=10, help="their priority (default: 10)")

    async def steer(self, desk: Desk, args: list[str], opts: argparse.Namespace) -> None:
        """Prioritize."""
        if len(args) > 1 or not (args or opts.site):
            raise UsageError("give one pattern, for example: scrapy prioritize '*/news/*'")
        chosen = verbs.selection(sites=opts.site, pattern="".join(args))
        found = await desk.preview(Verb.PRIORITIZE, chosen, "pending")
        if not found.urls:
            print("Nothing to change: no pending URL matches.")
            return
        command = verbs.prioritize(
            chosen, opts.priority, who=desk.who, at=desk.at, token=found.token
        )
        await desk.give(command, f"give {selected(chosen)} the priority {opts.priority}")
