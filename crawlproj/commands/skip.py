"""``scrapy skip``: leaves URLs out by pattern."""

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
    """Skips pending URLs, and those found later in the generation."""

    def syntax(self) -> str:
        """Return what follows ``scrapy skip``."""
        return "[options] <pattern>"

    def short_desc(self) -> str:
        """Return the line of ``scrapy --help``."""
        return "Skip the URLs that match a pattern"

    def long_desc(self) -> str:
        """Return the description in ``scrapy skip --help``."""
        return (
            "Skip the pending URLs that match, and those found later in the generation. A pattern "
            "is written as for -a exclude=: */calendar/*, /tag/*, or re: and an expression. Try it "
            'with --dry-run. Example: scrapy skip "*/calendar/*"'
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add --site."""
        super().add_options(parser)
        parser.add_argument(
            "--site", default="", help="only URLs of this site, or of those that match"
        )

    async def steer(self, desk: Desk, args: list[str], opts: argparse.Namespace) -> None:
        """Skip."""
        if len(args) > 1 or not (args or opts.site):
            raise UsageError("give one pattern, for example: scrapy skip '*/calendar/*'")
        chosen = verbs.selection(sites=opts.site, pattern="".join(args))
        found = await desk.preview(Verb.SKIP, chosen, "pending")
        command = verbs.skip(chosen, who=desk.who, at=desk.at, token=found.token)
        await desk.give(command, f"skip {selected(chosen)}, also those found later")
