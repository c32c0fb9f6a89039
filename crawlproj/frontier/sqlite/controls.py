"""One job of a frontier file, as a process sees and steers it that does not own the job."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from crawlproj.errors import FrontierError
from crawlproj.frontier.base import State
from crawlproj.frontier.command_log import Controls
from crawlproj.frontier.commands import Sampler, Verb
from crawlproj.frontier.fate import Fate
from crawlproj.frontier.sqlite import command_sql
from crawlproj.frontier.sqlite import schema as sql
from crawlproj.frontier.sqlite.changes import register
from crawlproj.frontier.sqlite.file import OTHERS_BUSY_S, connect, explained
from crawlproj.frontier.sqlite.schema import for_job, has_frontier, set_up
from crawlproj.sqlite_locks import transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from crawlproj.frontier.base import Clock
    from crawlproj.frontier.commands import Command, Preview, Record, Selection
    from crawlproj.frontier.live import Tick, WorkerNews

T = TypeVar("T")

_SELECTED = """
SELECT key, name, url FROM frontier_entries_JOB JOIN frontier_sites_JOB ON id = site
WHERE state = ? AND ? IN ('', reason) AND frontier_selects(site, url)
"""
_REASONS = "SELECT DISTINCT reason FROM frontier_entries_JOB WHERE state = ?"
_FATE = """
SELECT seq, url, name, state, reason, attempts, priority, not_before, delayed, payload, site
FROM frontier_entries_JOB JOIN frontier_sites_JOB ON id = site WHERE key = ?
"""
_AHEAD = """
SELECT COUNT(*) FROM frontier_entries_JOB
WHERE state = 0 AND delayed = 0 AND site = ? AND (priority > ? OR (priority = ? AND seq < ?))
"""


class SqliteControls(Controls):
    """Its methods run on a thread of its own, in transactions of milliseconds."""

    def __init__(self, path: Path | str, job: str, clock: Clock = time.time) -> None:
        """Configure it; the first call opens the file."""
        self._path = Path(path)
        self._job = job
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="controls")
        self._db: sqlite3.Connection | None = None

    async def _run(self, work: Callable[[sqlite3.Connection, int], T]) -> T:
        def explained_work() -> T:
            with explained(self._path):
                db = self._opened()
                return work(db, self._job_id(db))

        return await asyncio.get_running_loop().run_in_executor(self._thread, explained_work)

    def _opened(self) -> sqlite3.Connection:
        if self._db is None:
            if not self._path.is_file():
                raise FrontierError(f"frontier file {self._path} does not exist: run a crawl first")
            db = connect(self._path, busy_s=OTHERS_BUSY_S)
            try:
                if not has_frontier(db, self._path):
                    raise FrontierError(f"{self._path} holds no frontier")
                set_up(db, self._path)  # an older release may have written the file
            except BaseException:
                db.close()
                raise
            self._db = db
        return self._db

    def _job_id(self, db: sqlite3.Connection) -> int:
        row = db.execute(sql.JOB, (self._job,)).fetchone()
        if row is None or not row[1]:
            raise FrontierError(f"frontier file {self._path} has no job {self._job!r}")
        number: int = row[0]
        return number

    async def append(self, command: Command) -> int:
        def work(db: sqlite3.Connection, job_id: int) -> int:
            with transaction(db):
                return command_sql.append(db, job_id, command)

        return await self._run(work)

    async def preview(self, verb: Verb, selection: Selection) -> Preview:
        def work(db: sqlite3.Connection, job_id: int) -> Preview:
            requeue = verb is Verb.REQUEUE
            sites = {name: number for number, name in db.execute(for_job(sql.SITES, job_id))}
            register(db, selection, sites)
            sampler = Sampler(keep=requeue)
            state, reason = (State.FAILED, selection.reason) if requeue else (State.PENDING, "")
            given = (int(state), reason)
            for key, site, url in db.execute(for_job(_SELECTED, job_id), given):
                sampler.add(key, site, url)
            with transaction(db):
                token = command_sql.keep_preview(db, sampler.keys, self._clock())
            return sampler.preview(token)

        return await self._run(work)

    async def known_sites(self) -> set[str]:
        def work(db: sqlite3.Connection, job_id: int) -> set[str]:
            return {name for _, name in db.execute(for_job(sql.SITES, job_id))}

        return await self._run(work)

    async def known_reasons(self) -> set[str]:
        def work(db: sqlite3.Connection, job_id: int) -> set[str]:
            found = db.execute(for_job(_REASONS, job_id), (int(State.FAILED),))
            return {reason for (reason,) in found}

        return await self._run(work)

    async def history(self, limit: int = 100) -> list[Record]:
        return await self._run(partial(command_sql.history, limit=limit))

    async def record(self, command: int) -> Record | None:
        found = await self._run(partial(command_sql.history, limit=1, only=command))
        return found[0] if found else None

    async def log(self) -> list[Command]:
        return await self._run(partial(command_sql.commands, after=0))

    async def generation(self) -> tuple[int, bool]:
        def work(db: sqlite3.Connection, _: int) -> tuple[int, bool]:
            _, generation, finished = db.execute(sql.JOB, (self._job,)).fetchone()
            return generation, bool(finished)

        return await self._run(work)

    async def workers(self, since: float) -> list[WorkerNews]:
        return await self._run(partial(command_sql.news, since=since))

    async def ticks(self, since: float) -> dict[str, list[Tick]]:
        return await self._run(partial(command_sql.ticks, since=since))

    async def fate(self, url: str, key: int, site: str) -> Fate | None:  # noqa: ARG002 - the key says all
        return await self._run(partial(_fate, key=key))

    async def close(self) -> None:
        def work() -> None:
            db, self._db = self._db, None
            if db is not None:
                db.close()

        await asyncio.get_running_loop().run_in_executor(self._thread, work)
        self._thread.shutdown(wait=False)


def _fate(db: sqlite3.Connection, job_id: int, key: int) -> Fate | None:
    row = db.execute(for_job(_FATE, job_id), (key,)).fetchone()
    if row is None:
        return None
    seq, url, site, state, reason, attempts, priority, not_before, delayed, payload, number = row
    ahead = None
    if State(state) is State.PENDING and not delayed:
        place = (number, priority, priority, seq)
        (ahead,) = db.execute(for_job(_AHEAD, job_id), place).fetchone()
    return Fate(
        url=url,
        site=site,
        state="delayed" if delayed else State(state).name.lower(),
        reason=reason or "",
        attempts=attempts,
        priority=priority,
        not_before=not_before if delayed else None,
        ahead=ahead,
        payload=payload,
    )
