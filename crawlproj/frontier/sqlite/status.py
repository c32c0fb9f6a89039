"""The status of the jobs in a frontier file, which another process may own."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from crawlproj.errors import FrontierError
from crawlproj.frontier.job_status import JobStatus
from crawlproj.frontier.sqlite import command_sql
from crawlproj.frontier.sqlite import schema as sql
from crawlproj.frontier.sqlite.file import explained, read_only
from crawlproj.frontier.sqlite.ownership import is_running

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator


async def read_status(path: Path | str) -> list[JobStatus]:
    """Return the status of the jobs in ``path``, by name. Scans all entries (1 s per million).

    Raises FrontierError if the file does not exist or holds no frontier.
    """
    return await asyncio.to_thread(_read_status, Path(path))


def read_jobs(path: Path) -> list[tuple[str, bool]]:
    """Return the name of each job in ``path``, and whether a crawl works on it.

    Raises FrontierError as ``read_status`` does.
    """
    with _reading(path) as db:
        jobs = db.execute(sql.JOBS).fetchall()
    return [(name, is_running(path, job_id)) for job_id, name, _, _ in jobs]


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise FrontierError(
            f"frontier file {path} does not exist: run a crawl first, or set FRONTIER_URL"
        )
    with explained(path), read_only(path) as db:
        if not sql.has_frontier(db, path):
            raise FrontierError(
                f"{path} holds no frontier: set FRONTIER_URL to the file of a crawl"
            )
        yield db


def _read_status(path: Path) -> list[JobStatus]:
    with _reading(path) as db:
        logged = command_sql.has_tables(db)  # an earlier release writes none
        found = []
        for job_id, name, generation, finished in db.execute(sql.JOBS).fetchall():
            sites = sql.count_by_site(db, job_id)
            found.append(
                JobStatus(
                    name,
                    generation,
                    bool(finished),
                    sql.sum_of(sites.values()),
                    sites,
                    is_running(path, job_id),
                    tuple(command_sql.commands(db, job_id, 0)) if logged else (),
                )
            )
        return found
