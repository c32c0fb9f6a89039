"""``scrapy requeue``: fetches failed URLs again."""

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
    """Puts failed URLs back to pending, also those of a finished job."""

    def syntax(self) -> str:
        """Return what follows ``scrapy requeue``."""
        return "[options]"

    def short_desc(self) -> str:
        """Return the line of ``scrapy --help``."""
        return "Fetch failed URLs again, by reason, site and pattern"

    def long_desc(self) -> str:
        """Return the description in ``scrapy requeue --help``."""
        return (
            "Put failed URLs back to pending: those with a reason, of a site, or that match a "
            "pattern, or all. With --dry-run, only count them; --preview TOKEN then takes exactly "
            "those. A finished job has work again: its next run fetches them. Example: scrapy "
            "requeue --reason timeout"
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add what selects URLs."""
        super().add_options(parser)
        parser.add_argument(
            "--reason", default="", help="only URLs that failed with this reason, such as timeout"
        )
        parser.add_argument(
            "--site", default="", help="only URLs of this site, or of those that match"
        )
        parser.add_argument("--url", default="", metavar="PATTERN", help="only URLs that match")
        parser.add_argument(
            "--preview", default="", metavar="TOKEN", help="what a --dry-run counted"
        )

    async def steer(self, desk: Desk, args: list[str], opts: argparse.Namespace) -> None:
        """Requeue."""
        if args:
            raise UsageError("requeue takes no arguments; give --url PATTERN")
        chosen = verbs.selection(reason=opts.reason, sites=opts.site, pattern=opts.url)
        token = opts.preview
        if not token:
            found = await desk.preview(Verb.REQUEUE, chosen, "failed")
            token = found.token
            if not found.urls:
                print("Nothing to fetch again. scrapy status shows sites, and why URLs failed.")
                return
            if desk.dry_run:
                print(f"Fetch exactly these with: scrapy requeue --preview {token}")
                return
        command = verbs.requeue(chosen, token, who=desk.who, at=desk.at)
        await desk.give(command, f"requeue {selected(chosen) if not opts.preview else token}")
