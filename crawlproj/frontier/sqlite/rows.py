"""The rows of one job: what ``SqliteJob`` reads of its tables, and how it changes them."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING

from crawlproj.frontier.sqlite import schema as sql
from crawlproj.frontier.sqlite.schema import for_job

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from crawlproj.frontier.base import Entry, State
    from crawlproj.frontier.sqlite.leases import LeasedRow


class Rows:
    """The entries and sites of a job. Its changes belong into a transaction of the caller.

    site_ids: the number of each site; see ``put_sites``.
    """

    def __init__(self, db: sqlite3.Connection, job_id: int) -> None:
        self._db = db
        self._id = job_id
        self.site_ids: dict[str, int] = {name: site for site, name in self._do(sql.SITES)}

    def _of(self, statement: str) -> str:
        return for_job(statement, self._id)

    def _do(self, statement: str, *values: object) -> sqlite3.Cursor:
        return self._db.execute(self._of(statement), values)

    def ready(self) -> Iterator[tuple[str, int]]:
        """Return (site, claimable entries)."""
        return self._do(sql.READY)

    def put_sites(self, entries: Iterable[Entry]) -> dict[str, int]:
        """Insert the sites of ``entries`` that are not known, and return their numbers.

        They belong into ``site_ids`` once the transaction is committed.
        """
        new: dict[str, int] = {}
        for entry in entries:
            if entry.site not in self.site_ids and entry.site not in new:
                new[entry.site] = len(self.site_ids) + len(new) + 1
        self._db.executemany(self._of(sql.PUT_SITE), new.items())
        return new

    def put(
        self, entries: Sequence[Entry], new_sites: Mapping[str, int], now: float
    ) -> list[tuple[str, int, int]]:
        """Insert the entries that are not known; returns (site, delayed, number) of them."""
        if not entries:
            return []
        (last,) = self._do(sql.LAST).fetchone()
        rows = [
            (
                entry.key,
                self.site_ids.get(entry.site) or new_sites[entry.site],
                entry.not_before > now,
                entry.priority,
                entry.not_before,
                entry.url,
                entry.payload,
            )
            for entry in entries
        ]
        alone = len(rows) % sql.PUT_TOGETHER
        self._db.executemany(self._of(sql.PUT), rows[:alone])
        for start in range(alone, len(rows), sql.PUT_TOGETHER):
            together = chain.from_iterable(rows[start : start + sql.PUT_TOGETHER])
            self._do(sql.PUT_MANY, *together)
        return self._do(sql.PUT_SINCE, last).fetchall()

    def put_back(self, back: Iterable[tuple[LeasedRow, Entry, bool]], now: float) -> None:
        """Make leased entries pending. ``back``: the lease, the entry, whether it was attempted."""
        self._db.executemany(
            self._of(sql.PUT_BACK),
            [
                (
                    held.lease.attempts + counted,
                    entry.not_before > now,
                    entry.priority,
                    entry.not_before,
                    entry.url,
                    entry.payload,
                    held.seq,
                )
                for held, entry, counted in back
            ],
        )

    def end(self, state: State, reason: str, seqs: Sequence[int]) -> None:
        """End entries."""
        self._do(sql.END, int(state), reason or None, json.dumps(seqs))

    def forget(self, seqs: Sequence[int]) -> None:
        """Delete entries."""
        self._db.executemany(self._of(sql.FORGET), [(seq,) for seq in seqs])

    def next(
        self, site: str, number: int
    ) -> Iterator[tuple[int, int, str, bytes, int, float, int]]:
        """Return the next entries of ``site``.

        Each is (seq, key, url, payload, priority, not_before, attempts).
        """
        # fetchall: sqlite3 would prepare the statement again while an earlier one is unread.
        return iter(self._do(sql.NEXT, self.site_ids[site], number).fetchall())

    def lease(self, seqs: Sequence[int]) -> None:
        """Make pending entries leased."""
        self._do(sql.LEASE, json.dumps(seqs))

    def due(self, now: float) -> list[tuple[str, int]]:
        """Return (site, number) of the delayed entries that are due."""
        return self._do(sql.DUE, now).fetchall()

    def wake(self, now: float) -> None:
        """Make the delayed entries that are due claimable."""
        self._do(sql.WAKE, now)

    def next_ready(self, now: float) -> float | None:
        """Return when the next delayed entry is due, after ``now``; None without one."""
        (ready,) = self._do(sql.NEXT_READY, now).fetchone()
        return None if ready is None else float(ready)

    def skip(self, reason: str) -> int:
        """Skip all pending entries; return their number."""
        return self._do(sql.SKIP, reason).rowcount
