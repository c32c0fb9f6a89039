"""The default frontier: one SQLite file for any number of jobs, each owned by one crawl at a time.

It survives SIGKILL at any moment. A power cut may lose the last commits (see ``file.py``), but
leaves an intact file whose entries and acks agree.

Entries are in the file. To make claims cheap, memory holds the number of claimable entries of each
site (some 300 bytes per site) and the leases. Only this process holds leases: if it dies, the next
``open`` puts them back.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from crawlproj.clock import crawl_time
from crawlproj.errors import FrontierError
from crawlproj.frontier.base import (
    Ack,
    Clock,
    Entry,
    Frontier,
    Lease,
    Opened,
    Totals,
    Written,
)
from crawlproj.frontier.command_log import no_one
from crawlproj.frontier.commands import Verb
from crawlproj.frontier.sqlite import command_sql
from crawlproj.frontier.sqlite.file import connect, explained
from crawlproj.frontier.sqlite.job import SqliteJob, add_job, open_job
from crawlproj.frontier.sqlite.ownership import JobLock
from crawlproj.frontier.sqlite.schema import set_up
from crawlproj.open_paths import OpenPath
from crawlproj.sqlite_locks import warn_if_locked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crawlproj.frontier.command_log import OnSkip
    from crawlproj.frontier.commands import Command, Result

logger = logging.getLogger(__name__)

# A page whose tree is built may take all memory for as long as that takes.
_MEMORY_PAUSES_S = (0.1, 1.0, 5.0)

T = TypeVar("T")


class SqliteFrontier(Frontier):
    """A frontier whose methods run on a thread of its own, so the event loop never blocks."""

    def __init__(
        self, path: Path | str, clock: Clock = crawl_time, *, busy_s: float = 60.0
    ) -> None:
        """Configure a frontier; ``open`` opens the file.

        path: the file, created if missing; its folder must exist.
        busy_s: max time to wait while another connection writes, in seconds.
        """
        self._path = Path(path)
        self._clock = clock
        self._busy_s = busy_s
        self._lock: JobLock | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._db: sqlite3.Connection | None = None
        self._file: OpenPath | None = None
        self._job: SqliteJob | None = None
        self._totals = Totals()  # after the latest work on the thread

    async def _run(self, work: Callable[[], T]) -> T:
        if self._thread is None:
            raise FrontierError(f"frontier file {self._path} is not open: call open() first")
        run = partial(
            asyncio.get_running_loop().run_in_executor, self._thread, self._on_thread, work
        )
        for pause_s in _MEMORY_PAUSES_S:
            try:
                return await run()
            except MemoryError:  # its transaction was undone
                await asyncio.sleep(pause_s)
        return await run()

    def _on_thread(self, work: Callable[[], T]) -> T:
        """Do ``work``, with errors that name the file, and note the counts that it leaves."""
        with explained(self._path):
            done = work()
        if self._job is not None:
            self._totals = self._job.totals()
        return done

    async def open(self, job: str, *, reset: bool = False, reopen: bool = False) -> Opened:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="frontier")
        try:
            return await self._run(partial(self._open, job, reset=reset, reopen=reopen))
        except BaseException:
            await self.close()
            raise

    def _open(self, job: str, *, reset: bool, reopen: bool) -> Opened:
        if self._db is None:
            warn_if_locked(self._path)
            self._db = connect(self._path, busy_s=self._busy_s)
            self._file = OpenPath(self._path)
            set_up(self._db, self._path)
        self._release()
        self._lock = JobLock(self._path, add_job(self._db, job), job)
        self._lock.acquire()
        self._job, opened = open_job(self._db, job, reset=reset, reopen=reopen, clock=self._clock)
        return opened

    def _release(self) -> None:
        """Give back the job that is open, if one is."""
        job, self._job = self._job, None
        lock, self._lock = self._lock, None
        try:
            if job is not None:
                job.release()
        finally:
            if lock is not None:
                lock.release()

    @property
    def _open_job(self) -> SqliteJob:
        if self._job is None:
            raise FrontierError(f"frontier file {self._path} is not open: call open() first")
        return self._job

    async def write(self, entries: Sequence[Entry], acks: Sequence[Ack]) -> Written:
        if self._file is not None and self._file.lost:
            raise FrontierError(
                f"frontier file {self._path} was deleted or replaced while it was open; without "
                "it, the next run begins anew"
            )
        return await self._run(partial(self._open_job.write, entries, acks))

    async def claim(
        self, limit: int, *, per_site: int, resting: Mapping[str, float], lease_s: float
    ) -> list[Lease]:
        claim = self._open_job.claim
        return await self._run(
            partial(claim, limit, per_site=per_site, resting=resting, lease_s=lease_s)
        )

    async def renew(self, lease_ids: Sequence[int], *, lease_s: float) -> set[int]:
        return await self._run(partial(self._open_job.renew, lease_ids, lease_s=lease_s))

    async def reap(self) -> int:
        return await self._run(self._open_job.reap)

    async def next_ready(self) -> float | None:
        return await self._run(self._open_job.next_ready)

    async def skip_pending(self, reason: str) -> int:
        return await self._run(partial(self._open_job.skip_pending, reason))

    async def totals(self) -> Totals:
        self._open_job  # noqa: B018 - raises if it is not open
        return self._totals

    async def sites(self) -> dict[str, Totals]:
        return await self._run(self._open_job.sites)

    async def note(self, notes: Mapping[str, str]) -> None:
        await self._run(partial(self._open_job.note, notes))

    async def notes(self, sites: Sequence[str] | None = None) -> dict[str, str]:
        return await self._run(partial(self._open_job.notes, sites))

    async def append(self, command: Command) -> int:
        return await self._run(partial(self._open_job.logged, command_sql.append, command))

    async def commands(self, after: int = 0) -> list[Command]:
        return await self._run(partial(self._open_job.read, command_sql.commands, after))

    async def waiting(self) -> list[Command]:
        return await self._run(partial(self._open_job.read, command_sql.waiting))

    async def change(
        self,
        command: Command,
        worker: str,
        entries: Sequence[Entry] = (),
        on_skip: OnSkip = no_one,
    ) -> Result | None:
        seqs: list[int] = []
        if command.verb is Verb.SKIP:
            seqs, chosen = await self._run(partial(self._open_job.to_skip, command))
            await on_skip(chosen)
        return await self._run(partial(self._open_job.change, command, worker, entries, seqs))

    async def acknowledge(self, result: Result) -> None:
        await self._run(partial(self._open_job.acknowledge, result))

    async def publish(self, worker: str, at: float, document: str, tick: str) -> None:
        await self._run(
            partial(self._open_job.logged, command_sql.publish, worker, at, document, tick)
        )

    async def withdraw(self, worker: str) -> None:
        await self._run(partial(self._open_job.logged, command_sql.withdraw, worker))

    async def finish(self) -> None:
        await self._run(self._open_job.finish)

    async def close(self) -> None:
        if self._thread is None:
            return
        thread, self._thread = self._thread, None
        try:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(thread, self._on_thread, self._close)
        finally:
            thread.shutdown(wait=False)

    def _close(self) -> None:
        db, self._db = self._db, None
        try:
            self._release()
        except sqlite3.Error as error:  # a full disk
            logger.error(
                "frontier file %s: %s; the next run takes back what this one had in hand",
                self._path,
                error,
            )
        finally:
            if db is not None:
                db.close()
