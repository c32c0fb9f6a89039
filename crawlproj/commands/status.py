"""``scrapy status``: shows what the frontier holds, also during a crawl."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text
from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawlproj.errors import CrawlprojError
from crawlproj.frontier.redis import admin as redis_admin
from crawlproj.frontier.redis.connection import REDIS_SCHEMES, RedisConfig
from crawlproj.frontier.sqlite import status as sqlite_status
from crawlproj.frontier.url import sqlite_path
from crawlproj.masking import masked
from crawlproj.report.console import plain_table
from crawlproj.scheduling.crawl_config import CrawlConfig

if TYPE_CHECKING:
    import argparse

    from rich.table import Table

    from crawlproj.frontier.base import Totals
    from crawlproj.frontier.job_status import JobStatus

_MAX_SITES = 50
_BESIDE_SITE = 64  # columns for the numbers and a reason of 18 characters


class Command(ScrapyCommand):
    """Reads the frontier at FRONTIER_URL without changing it."""

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
        url = config.frontier_url
        if url.startswith("memory:"):
            raise UsageError("a memory: frontier ends with its crawl, so there is nothing to show")
        try:
            if url.lower().startswith(REDIS_SCHEMES):
                jobs = asyncio.run(redis_admin.read_status(RedisConfig(url, config.redis_params)))
            else:
                jobs = asyncio.run(sqlite_status.read_status(sqlite_path(url, "FRONTIER_URL")))
        except CrawlprojError as exc:
            raise UsageError(str(exc), print_help=False) from None
        console = Console()
        if not jobs:
            console.print(f"{masked(url)} has no jobs yet")
        for job in jobs:
            state = _state(job)
            title = f"{job.job} (generation {job.generation}, {state})"
            console.print(Text(title, style="bold"), soft_wrap=True)
            console.print(_table(job, console.width), end="\n\n")


def _state(job: JobStatus) -> str:
    if job.finished:
        return "finished"
    if job.running is None:
        return "not finished"
    return "running" if job.running else "interrupted; the same command continues it"


def _table(job: JobStatus, width: int) -> Table:
    table = plain_table()
    table.pad_edge = False
    site_width = max(12, min(40, width - _BESIDE_SITE))
    table.add_column("site", no_wrap=True, overflow="ellipsis", max_width=site_width)
    for heading in ("pending", "leased", "done", "failed", "skipped"):
        table.add_column(heading, justify="right")
    table.add_column("why", overflow="fold")
    by_size = sorted(job.sites.items(), key=lambda site: (-site[1].discovered, site[0]))
    for site, totals in by_size[:_MAX_SITES]:
        table.add_row(site, *_cells(totals))
    if len(by_size) > _MAX_SITES:
        table.add_row(f"… {len(by_size) - _MAX_SITES:,} more sites")
    table.add_row("all", *_cells(job.totals), style="bold")
    return table


def _cells(totals: Totals) -> tuple[str, ...]:
    failed, skipped = sum(totals.failed.values()), sum(totals.skipped.values())
    reasons = {**totals.failed, **totals.skipped}
    why = "\n".join(f"{reason} {count:,}" for reason, count in sorted(reasons.items()))
    numbers = (totals.pending, totals.leased, totals.done, failed, skipped)
    return (*(f"{number:,}" for number in numbers), why)
