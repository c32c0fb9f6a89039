"""The status of the jobs in a frontier file, which another process may own."""

from __future__ import annotations

import asyncio
from pathlib import Path

from crawlproj.errors import FrontierError
from crawlproj.frontier.job_status import JobStatus
from crawlproj.frontier.sqlite import schema as sql
from crawlproj.frontier.sqlite.file import explained, read_only
from crawlproj.frontier.sqlite.ownership import is_running

BUSY_S = 10.0


async def read_status(path: Path | str) -> list[JobStatus]:
    """Return the status of the jobs in ``path``, by name. Scans all entries (1 s per million).

    Raises FrontierError if the file does not exist or holds no frontier.
    """
    return await asyncio.to_thread(_read_status, Path(path))


def _read_status(path: Path) -> list[JobStatus]:
    if not path.is_file():
        raise FrontierError(
            f"frontier file {path} does not exist: run a crawl first, or set FRONTIER_URL"
        )
    with explained(path), read_only(path, busy_s=BUSY_S) as db:
        if not sql.has_frontier(db, path):
            raise FrontierError(
                f"{path} holds no frontier: set FRONTIER_URL to the file of a crawl"
            )
        return [
            JobStatus(
                name,
                generation,
                bool(finished),
                sql.count_by_state(db, job_id),
                sql.count_by_site(db, job_id),
                is_running(path, job_id),
            )
            for job_id, name, generation, finished in db.execute(sql.JOBS).fetchall()
        ]
