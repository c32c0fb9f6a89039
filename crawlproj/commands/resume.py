"""``scrapy resume``: ends pauses and drains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand

from crawlproj.commands.steer import Steers, of_sites, sites_in
from crawlproj.steering import verbs

if TYPE_CHECKING:
    import argparse

    from crawlproj.commands.steer import Desk


class Command(Steers, ScrapyCommand):
    """Ends the pauses and drains of sites, or all of them."""

    def syntax(self) -> str:
        """Return what follows ``scrapy resume``."""
        return "[options] [site …]"

    def short_desc(self) -> str:
        """Return the line of ``scrapy --help``."""
        return "End the pauses and drains of some sites, or all of them"

    def long_desc(self) -> str:
        """Return the description in ``scrapy resume --help``."""
        return (
            'End the pauses and drains of the given sites, or all of them. After "scrapy pause", '
            '"scrapy resume example.org" lets that site go on alone.'
        )

    async def steer(self, desk: Desk, args: list[str], opts: argparse.Namespace) -> None:  # noqa: ARG002 - none used
        """Resume."""
        for site in sites_in(args):
            command = verbs.resume(site, who=desk.who, at=desk.at)
            await desk.give(command, f"resume {of_sites(site)}")
