"""``scrapy status``: shows what the frontier holds, also during a crawl."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawlproj.commands.environment import ReadsEnvironment
from crawlproj.commands.fleets import frontiers_of_fleets
from crawlproj.errors import CrawlprojError
from crawlproj.frontier.redis.connection import REDIS_SCHEMES, RedisConfig
from crawlproj.frontier.sqlite import status as sqlite_status
from crawlproj.frontier.url import sqlite_path
from crawlproj.masking import masked
from crawlproj.scheduling.crawl_config import CrawlConfig

if TYPE_CHECKING:
    import argparse


class Command(ReadsEnvironment, ScrapyCommand):
    """Reads the frontier at FRONTIER_URL, or those of running fleets, without changing them.

    Exit status: 0 shown, 1 a frontier cannot be read, 2 wrong usage or a wrong setting.
    """

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 - Scrapy's way

    def syntax(self) -> str:
        """Return what follows ``scrapy status``."""
        return "[options]"

    def short_desc(self) -> str:
        """Return the line of ``scrapy --help``."""
        return "Show how many URLs of each site are pending, done, failed or skipped"

    def long_desc(self) -> str:
        """Return the description in ``scrapy status --help``."""
        return (
            "Show how many URLs of each site are pending, leased (in work), done, failed or "
            "skipped, and why. Changes nothing, and works during a crawl. For another frontier: "
            "scrapy status -s FRONTIER_URL=redis://localhost:6379/0"
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:  # noqa: ARG002 - none used
        """Print a table for each job."""
        if args:
            raise UsageError(
                "status takes no arguments; to see another frontier, give -s FRONTIER_URL=…"
            )
        assert self.settings is not None  # noqa: S101 - Scrapy sets it
        try:
            config = CrawlConfig.from_settings(self.settings)
            config.frontier()
        except CrawlprojError as exc:
            raise UsageError(str(exc), print_help=False) from None
        try:
            for url in frontiers_of_fleets(self.settings) or [config.frontier_url]:
                _show(url, config)
        except CrawlprojError as exc:
            print(f"error: {exc}", file=sys.stderr)
            self.exitcode = 1


def _show(url: str, config: CrawlConfig) -> None:
    """Print the jobs of the frontier at ``url``.

    Raises UsageError if it is not one that can be shown, CrawlprojError if it cannot be read.
    """
    if url.startswith("memory:"):
        raise UsageError("a memory: frontier ends with its crawl, so there is nothing to show")
    scheme = url.partition(":")[0].lower()
    if scheme not in ("sqlite", *REDIS_SCHEMES):
        raise UsageError(
            f"status reads SQLite and Redis frontiers only, not {masked(url)}", print_help=False
        )
    if scheme in REDIS_SCHEMES:
        from crawlproj.frontier.redis.admin import read_status  # noqa: PLC0415 - see below

        jobs = asyncio.run(read_status(RedisConfig(url, config.redis_params)))
    else:
        jobs = asyncio.run(sqlite_status.read_status(sqlite_path(url, "FRONTIER_URL")))
    # Scrapy imports every command to list them, and most print nothing.
    from crawlproj.report.jobs import print_jobs  # noqa: PLC0415

    print_jobs(jobs, masked(url))
