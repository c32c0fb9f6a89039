"""``scrapy pause``: starts no requests at some sites, or at any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand

from crawlproj.commands.steer import Steers, add_until, clock, of_sites, sites_in, until
from crawlproj.steering import verbs

if TYPE_CHECKING:
    import argparse

    from crawlproj.commands.steer import Desk


class Command(Steers, ScrapyCommand):
    """Pauses sites or the whole crawl, also over a restart."""

    def syntax(self) -> str:
        """Return what follows ``scrapy pause``."""
        return "[options] [site …]"

    def short_desc(self) -> str:
        """Return the line of ``scrapy --help``."""
        return "Start no requests at some sites, or at any, until scrapy resume"

    def long_desc(self) -> str:
        """Return the description in ``scrapy pause --help``."""
        return (
            "Start no request at the given sites, or at any. Requests in flight end, and the crawl "
            "waits, also after a restart. A site is a host, with its port unless that is "
            'the default, or a pattern of hosts. Example: scrapy pause "*.example.org" --until '
            "15:30"
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add --until."""
        super().add_options(parser)
        add_until(parser)

    async def steer(self, desk: Desk, args: list[str], opts: argparse.Namespace) -> None:
        """Pause."""
        when = until(opts, desk.at)
        for site in sites_in(args):
            command = verbs.pause(site, who=desk.who, at=desk.at, until=when)
            await desk.give(command, f"pause {of_sites(site)}{clock(when)}")
        if not desk.dry_run:
            print(f"Go on with: scrapy resume {' '.join(args)}".rstrip())
