"""One open job of the SQLite frontier: the rules of ``frontier/base.py`` over its ``Rows``.

Every method commits before it updates memory, so that a failed transaction (disk full) leaves both
file and memory unchanged.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import count
from typing import TYPE_CHECKING, TypeVar

from crawlproj.errors import FrontierError
from crawlproj.frontier.base import (
    MAX_NOTES,
    Ack,
    Entry,
    Lease,
    Opened,
    State,
    Totals,
    Written,
)
from crawlproj.frontier.commands import SKIPPED_BY_COMMAND, Command, Result
from crawlproj.frontier.sqlite import changes, command_sql
from crawlproj.frontier.sqlite import schema as sql
from crawlproj.frontier.sqlite.leases import LeasedRow, LeasedRows
from crawlproj.frontier.sqlite.rotation import Rotation
from crawlproj.frontier.sqlite.rows import Rows
from crawlproj.frontier.sqlite.schema import (
    add,
    count_by_site,
    count_by_state,
    create_job_tables,
    for_job,
)
from crawlproj.sqlite_locks import transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from crawlproj.frontier.base import Clock

T = TypeVar("T")


class SqliteJob:
    """A job opened by ``open_job``. Its methods block and are not thread-safe.

    They raise sqlite3.Error if the file fails.
    """

    def __init__(
        self, db: sqlite3.Connection, job_id: int, generation: int, opens: int, clock: Clock
    ) -> None:
        """Load the job's sites and counts.

        opens: how often any job of the file was opened; makes the lease ids unique.
        """
        self._db = db
        self._id = job_id
        self._generation = generation
        self._clock = clock
        self._lease_ids = count(opens << 32)
        self._leases = LeasedRows()
        self._rows = Rows(db, job_id)
        self._rotation = Rotation()
        for site, ready in self._rows.ready():
            self._rotation.add(site, ready)
        self._totals = count_by_state(db, job_id)

    def write(self, entries: Sequence[Entry], acks: Sequence[Ack]) -> Written:
        now = self._clock()
        valid: dict[int, tuple[LeasedRow, Ack]] = {}
        for ack in acks:
            held = self._leases.live(ack.lease_id, now)
            if held is not None and ack.lease_id not in valid:
                _check(ack, held.lease)
                valid[ack.lease_id] = (held, ack)
        with transaction(self._db):
            new_sites = self._rows.put_sites(entries)
            new = self._rows.put(entries, new_sites, now)
            ended: defaultdict[tuple[State, str], list[int]] = defaultdict(list)
            for held, ack in valid.values():
                if ack.state is not State.PENDING:
                    ended[ack.state, ack.reason].append(held.seq)
            for (state, reason), seqs in ended.items():
                self._rows.end(state, reason, seqs)
            if forgotten := [held.seq for held, ack in valid.values() if ack.forget]:
                self._rows.forget(forgotten)
            back = [
                (held, ack.entry or held.lease.entry, ack.count_attempt)
                for held, ack in valid.values()
                if ack.state is State.PENDING
            ]
            self._rows.put_back(back, now)
        self._rows.site_ids.update(new_sites)
        for site, delayed, number in new:
            self._totals.pending += number
            if not delayed:
                self._rotation.add(site, number)
        for held, ack in valid.values():
            if ack.state is not State.PENDING:
                self._leases.drop(held)
                self._totals.leased -= 1
                if not ack.forget:
                    add(self._totals, ack.state, ack.reason, 1)
        self._returned(back, now)
        return Written(sum(number for _, _, number in new), stale=len(acks) - len(valid))

    def _returned(self, back: Sequence[tuple[LeasedRow, Entry, bool]], now: float) -> None:
        """Update memory after ``put_back`` was committed."""
        for held, entry, _ in back:
            self._leases.drop(held)
            if entry.not_before <= now:
                self._rotation.add(entry.site)
        self._totals.leased -= len(back)
        self._totals.pending += len(back)

    def claim(
        self, limit: int, *, per_site: int, resting: Mapping[str, float], lease_s: float
    ) -> list[Lease]:
        now = self._clock()
        self._wake(now)
        full = {site: per_site for site, until in resting.items() if until > now}
        turns = self._rotation.turns(
            limit, per_site=per_site, held={**self._leases.by_site, **full}
        )
        if not turns:
            return []
        claimed: list[LeasedRow] = []
        with transaction(self._db):
            queues = {site: self._rows.next(site, share) for site, share in Counter(turns).items()}
            for site in turns:
                seq, key, url, payload, priority, not_before, attempts = next(queues[site])
                entry = Entry(key, site, url, payload, priority, not_before)
                lease = Lease(next(self._lease_ids), entry, attempts, now + lease_s)
                claimed.append(LeasedRow(seq, lease, lease.deadline))
            self._rows.lease([held.seq for held in claimed])
        self._rotation.served(turns)
        self._leases.add(claimed)
        self._totals.pending -= len(claimed)
        self._totals.leased += len(claimed)
        return [held.lease for held in claimed]

    def _wake(self, now: float) -> None:
        """Make delayed entries that are due claimable."""
        due = self._rows.due(now)
        if due:
            with transaction(self._db):
                self._rows.wake(now)
            for site, number in due:
                self._rotation.add(site, number)

    def renew(self, lease_ids: Sequence[int], *, lease_s: float) -> set[int]:
        return self._leases.renew(lease_ids, self._clock(), lease_s)

    def reap(self) -> int:
        return self._give_back(self._leases.expired(self._clock()), counted=True)

    def release(self) -> None:
        """Put back all leases, not counted as attempts."""
        self._give_back(self._leases.all(), counted=False)

    def _give_back(self, leases: Sequence[LeasedRow], *, counted: bool) -> int:
        if leases:
            now = self._clock()
            back = [(held, held.lease.entry, counted) for held in leases]
            with transaction(self._db):
                self._rows.put_back(back, now)
            self._returned(back, now)
        return len(leases)

    def next_ready(self) -> float | None:
        return self._rows.next_ready(self._clock())

    def skip_pending(self, reason: str) -> int:
        with transaction(self._db):
            skipped = self._rows.skip(reason)
        self._rotation.clear()
        self._totals.pending -= skipped
        if skipped:
            add(self._totals, State.SKIPPED, reason, skipped)
        return skipped

    def totals(self) -> Totals:
        now = self._totals
        return Totals(now.pending, now.leased, now.done, dict(now.failed), dict(now.skipped))

    def sites(self) -> dict[str, Totals]:
        return count_by_site(self._db, self._id)

    def note(self, notes: Mapping[str, str]) -> None:
        with transaction(self._db):
            self._db.executemany(sql.NOTE, notes.items())

    def notes(self, sites: Sequence[str] | None) -> dict[str, str]:
        if sites is not None:
            rows = (self._db.execute(sql.NOTE_ON, (site,)).fetchone() for site in sites)
            return dict(row for row in rows if row is not None)
        return dict(self._db.execute(sql.NOTES, (MAX_NOTES,)).fetchall())

    def to_skip(self, command: Command) -> tuple[list[int], list[Entry]]:
        """Return what the next step of a SKIP skips; nothing of another generation."""
        return changes.to_skip(self._db, self._id, command, self._generation, self._rows.site_ids)

    def change(
        self, command: Command, worker: str, entries: Sequence[Entry], seqs: Sequence[int] = ()
    ) -> Result | None:
        new = self.write(entries, []).new if command.generation == self._generation else 0
        with transaction(self._db):
            changed = changes.step(
                self._db, self._id, command, self._generation, self._rows.site_ids, worker,
                self._clock(), added=new, seqs=seqs,
            )  # fmt: skip
        names = {number: name for name, number in self._rows.site_ids.items()}
        for site, number in (+changed.claimable).items():
            self._rotation.remove(names[site], number)
        if changed.skipped:
            self._totals.pending -= changed.skipped
            add(self._totals, State.SKIPPED, SKIPPED_BY_COMMAND, changed.skipped)
        for (site, reason), number in changed.requeued.items():
            self._rotation.add(names[site], number)
            self._totals.pending += number
            add(self._totals, State.FAILED, reason, -number)
        return changed.result

    def acknowledge(self, result: Result) -> None:
        with transaction(self._db):
            command_sql.acknowledge(self._db, result)

    def read(self, work: Callable[..., T], *args: object) -> T:
        """Return what a function of ``command_sql`` finds for this job."""
        return work(self._db, self._id, *args)

    def logged(self, work: Callable[..., T], *args: object) -> T:
        """Let a function of ``command_sql`` write for this job; returns its result."""
        with transaction(self._db):
            return work(self._db, self._id, *args)

    def finish(self) -> None:
        if self._totals.pending or self._totals.leased:
            raise FrontierError(
                f"the job cannot finish: {self._totals.pending} entries are pending and "
                f"{self._totals.leased} leased; ack or skip them first"
            )
        with transaction(self._db):
            if not command_sql.waiting(self._db, self._id):
                self._db.execute(sql.FINISH_JOB, (self._id,))


def add_job(db: sqlite3.Connection, name: str) -> int:
    """Return the number of the job, which may be new, in its file."""
    with transaction(db):
        db.execute(sql.ADD_JOB, (name,))
        number: int = db.execute(sql.JOB, (name,)).fetchone()[0]
        return number


def open_job(
    db: sqlite3.Connection, name: str, *, reset: bool, reopen: bool, clock: Clock
) -> tuple[SqliteJob, Opened]:
    """Continue the job, with its orphaned leases put back, or start its next generation.

    The caller owns the job, which ``add_job`` has added.
    """
    with transaction(db):
        db.execute(sql.COUNT_OPEN)
        (opens,) = db.execute(sql.OPENS).fetchone()
        job_id, generation, finished = db.execute(sql.JOB, (name,)).fetchone()
        command_sql.forget_published(db, job_id)
        fresh = reset or not generation or (bool(finished) and not reopen)
        generation += fresh
        db.execute(sql.START_JOB, (generation, job_id))
        if fresh:
            create_job_tables(db, job_id)
        else:
            db.execute(for_job(sql.ORPHANS, job_id))
    return SqliteJob(db, job_id, generation, opens, clock), Opened(generation, resumed=not fresh)


def _check(ack: Ack, lease: Lease) -> None:
    """Refuse an ack that would corrupt the counts, before anything is written."""
    if ack.entry and (ack.entry.key, ack.entry.site) != (lease.entry.key, lease.entry.site):
        raise FrontierError(f"ack of {lease.entry.url}: {ack.entry.url} has another key or site")
