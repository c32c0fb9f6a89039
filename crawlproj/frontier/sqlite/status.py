"""Look at a frontier file without owning it, also while a crawl does."""

from __future__ import annotations

import asyncio
from pathlib import Path

from crawlproj.errors import FrontierError
from crawlproj.frontier.job_status import JobStatus
from crawlproj.frontier.sqlite import schema as sql
from crawlproj.frontier.sqlite.file import explained, read_only

BUSY_S = 10.0


async def read_status(path: Path | str) -> list[JobStatus]:
    """The jobs in ``path`` by name. Scans all entries (about a second per million).

    Raises FrontierError if there is no such file, or no frontier in it.
    """
    return await asyncio.to_thread(_read_status, Path(path))


def _read_status(path: Path) -> list[JobStatus]:
    if not path.is_file():
        raise FrontierError(f"frontier file {path} does not exist: run a crawl first")
    with explained(path), read_only(path, busy_s=BUSY_S) as db:
        if not sql.has_frontier(db, path):
            raise FrontierError(f"{path} holds no frontier: give the file of FRONTIER_URL")
        return [
            JobStatus(
                name,
                generation,
                bool(finished),
                sql.count_by_state(db, job_id),
                sql.count_by_site(db, job_id),
            )
            for job_id, name, generation, finished in db.execute(sql.JOBS).fetchall()
        ]
