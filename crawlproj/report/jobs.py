"""Prints the jobs of a frontier, each as a table of its sites."""

from __future__ import annotations

import sys
import time
from math import inf
from typing import TYPE_CHECKING

from rich.console import Console

from crawlproj.frontier.commands import Verb
from crawlproj.report.console import plain, plain_table
from crawlproj.report.why import Why
from crawlproj.steering.standing import LIMITS, Standing, site_of, until_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from rich.table import Table
    from rich.text import Text

    from crawlproj.frontier.base import Totals
    from crawlproj.frontier.commands import Command
    from crawlproj.frontier.job_status import JobStatus

_MAX_SITES = 50
_BESIDE_SITE = 64  # columns for the numbers and a reason of 18 characters
_WIDTH_OF_FILES = 400  # columns; programs read lines, and a site has at most 260


def print_jobs(jobs: Collection[JobStatus], place: str) -> None:
    """Print a title and a table for each job to standard output.

    place: of the frontier, secrets masked.
    """
    console = Console(width=None if sys.stdout.isatty() else _WIDTH_OF_FILES)
    if not jobs:
        console.print(plain(f"{place} has no jobs yet"))
    for job in jobs:
        title = f"{job.job} (generation {job.generation}, {_state(job)})"
        console.print(plain(title, "bold"), soft_wrap=True)
        for line in commanded(job, time.time()):
            console.print(plain(line, "yellow"), soft_wrap=True)
        console.print(_table(job, console.width), end="\n\n")


def commanded(job: JobStatus, now: float) -> list[str]:
    """Return the commands that hold for a job, a line each."""
    # Drains are for the run in which they are given, which nobody knows here.
    kept = (command for command in job.commands if command.verb is not Verb.DRAIN)
    standing = Standing.of(kept, now, generation=job.generation)
    lines = []
    for command in standing.pauses:
        what = "resumed" if command.verb is Verb.RESUME else "paused"
        held = Why(what, f"{what} by {command.who}", command.at, _end_of(command))
        lines.append(f"{site_of(command)}: {held.sentence(now)}")
    for command in standing.limits:
        values = {name: command.arguments.get(name) for name in LIMITS}
        words = [f"{name} {value:g}" for name, value in values.items() if value is not None]
        text = ", ".join([*words, *(["reset"] if command.arguments.get("reset") else [])])
        held = Why("limit", f"{text} by {command.who}", command.at, _end_of(command))
        lines.append(f"{site_of(command)}: {held.sentence(now)}")
    for command in standing.skips:
        held = Why("skip", f"skipped by {command.who}", command.at)
        selection = " ".join(command.selection.data().values())
        lines.append(f"{selection}: {held.sentence(now)}")
    return lines


def _end_of(command: Command) -> float | None:
    until = until_of(command)
    return until if until < inf else None


def _state(job: JobStatus) -> str:
    if job.finished:
        return "finished"
    if job.running is None:
        return "not finished"
    return "running" if job.running else "interrupted; the same command continues it"


def _table(job: JobStatus, width: int) -> Table:
    table = plain_table()
    table.pad_edge = False
    table.add_column("site", overflow="fold", max_width=max(12, width - _BESIDE_SITE))
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
