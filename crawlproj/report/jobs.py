"""Prints the jobs of a frontier, each as a table of its sites."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from crawlproj.report.console import plain, plain_table

if TYPE_CHECKING:
    from collections.abc import Collection

    from rich.table import Table
    from rich.text import Text

    from crawlproj.frontier.base import Totals
    from crawlproj.frontier.job_status import JobStatus

_MAX_SITES = 50
_BESIDE_SITE = 64  # columns for the numbers and a reason of 18 characters


def print_jobs(jobs: Collection[JobStatus], place: str) -> None:
    """Print a title and a table for each job to standard output.

    place: of the frontier, secrets masked.
    """
    console = Console()
    if not jobs:
        console.print(plain(f"{place} has no jobs yet"))
    for job in jobs:
        title = f"{job.job} (generation {job.generation}, {_state(job)})"
        console.print(plain(title, "bold"), soft_wrap=True)
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
        table.add_row(plain(site), *_cells(totals))
    if len(by_size) > _MAX_SITES:
        table.add_row(f"… {len(by_size) - _MAX_SITES:,} more sites")
    table.add_row("all", *_cells(job.totals), style="bold")
    return table


def _cells(totals: Totals) -> tuple[str | Text, ...]:
    failed, skipped = sum(totals.failed.values()), sum(totals.skipped.values())
    reasons = {**totals.failed, **totals.skipped}
    why = "\n".join(f"{reason} {count:,}" for reason, count in sorted(reasons.items()))
    numbers = (totals.pending, totals.leased, totals.done, failed, skipped)
    return (*(f"{number:,}" for number in numbers), plain(why))
