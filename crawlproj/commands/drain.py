"""``scrapy drain``: lets what is in flight end, and leaves the rest for the next run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand

from crawlproj.commands.steer import Steers, of_sites, sites_in
from crawlproj.steering import verbs

if TYPE_CHECKING:
    import argparse

    from crawlproj.commands.steer import Desk


class Command(Steers, ScrapyCommand):
    """Drains sites, a worker, or the whole crawl."""

    def syntax(self) -> str:
        """Return what follows ``scrapy drain``."""
        return "[options] [site …]"

    def short_desc(self) -> str:
        """Return the line of ``scrapy --help``."""
        return "Let what is in flight end, and leave the rest for the next run"

    def long_desc(self) -> str:
        """Return the description in ``scrapy drain --help``."""
        return (
            "Start nothing more at the given sites in this run, which ends without them; the next "
            "one fetches what is left. Without a site, end every worker once its requests have "
            "ended; with --worker, only that one. A fleet does not replace a worker that was "
            "drained."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add --worker."""
        super().add_options(parser)
        parser.add_argument("--worker", default="", metavar="NAME", help="end only this worker")

    async def steer(self, desk: Desk, args: list[str], opts: argparse.Namespace) -> None:
        """Drain."""
        if opts.worker:
            await desk.check_worker(opts.worker)
        for site in sites_in(args):
            command = verbs.drain(site, who=desk.who, at=desk.at, worker=opts.worker)
            await desk.give(command, f"drain {opts.worker or of_sites(site)}")
