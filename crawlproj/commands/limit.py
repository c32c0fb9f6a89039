"""``scrapy limit``: changes the limits of sites."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawlproj.commands.steer import Steers, add_until, clock, of_sites, until
from crawlproj.steering import verbs
from crawlproj.steering.standing import LIMITS

if TYPE_CHECKING:
    import argparse

    from crawlproj.commands.steer import Desk


class Command(Steers, ScrapyCommand):
    """Changes the limits of sites; they outlast a restart."""

    def syntax(self) -> str:
        """Return what follows ``scrapy limit``."""
        return "[options] <site …>"

    def short_desc(self) -> str:
        """Return the line of ``scrapy --help``."""
        return "Change how many requests some sites get"

    def long_desc(self) -> str:
        """Return the description in ``scrapy limit --help``."""
        return (
            "Change the limits of the given sites, until they are changed again or --until is "
            "over. Limits that you leave out stay. Crawl-delay, Retry-After and refusals are "
            "obeyed as ever. Example: scrapy limit example.org --max 2 --until 2h"
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add one option for each limit."""
        super().add_options(parser)
        for name, kind, text in (
            ("limit", int, "requests in flight, whatever is learned"),
            ("max", int, "the most requests in flight that may be learned"),
            ("rate", float, "the most requests/s"),
            ("delay", float, "seconds between two starts; robots.txt may ask for more"),
        ):
            parser.add_argument(f"--{name}", type=kind, metavar="N", help=text)
        parser.add_argument(
            "--reset", action="store_true", help="forget the limits that were given before"
        )
        add_until(parser)

    async def steer(self, desk: Desk, args: list[str], opts: argparse.Namespace) -> None:
        """Change limits."""
        if not args:
            raise UsageError("name a site, for example: scrapy limit example.org --max 2")
        when = until(opts, desk.at)
        for site in args:
            command = verbs.limit(
                site,
                who=desk.who,
                at=desk.at,
                limit=opts.limit,
                maximum=opts.max,
                rate=opts.rate,
                delay_s=opts.delay,
                until=when,
                reset=opts.reset,
            )
            given = {name: command.arguments.get(name) for name in LIMITS}
            words = [f"{name} {value:g}" for name, value in given.items() if value is not None]
            what = ", ".join(["reset"] * opts.reset + words)
            await desk.give(command, f"limit {of_sites(site)}: {what}{clock(when)}")
