"""The reference frontier: everything in dictionaries, nothing survives the process."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import TYPE_CHECKING

from crawlproj.clock import crawl_time
from crawlproj.errors import FrontierError
from crawlproj.frontier.base import (
    MAX_NOTES,
    Ack,
    Clock,
    Entry,
    Frontier,
    Lease,
    Opened,
    State,
    Totals,
    Written,
)
from crawlproj.frontier.memory_controls import MemoryRecord, MemorySteering

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class MemoryFrontier(MemorySteering, Frontier):
    """The simplest reading of the contract, for tests and for crawls that need not survive.

    Every claim scans all entries, so it suits thousands of URLs, not millions.
    """

    def __init__(self, clock: Clock = crawl_time) -> None:
        super().__init__()
        self._clock = clock
        self._jobs: dict[str, dict[int, MemoryRecord]] = {}
        self._generations: dict[str, int] = {}
        self._finished: set[str] = set()
        self._records: dict[int, MemoryRecord] = {}
        self._leased: dict[int, MemoryRecord] = {}
        self._job = ""
        self._seq = count()
        self._lease_ids = count(1)
        self._last_site = ""
        self._notes: dict[str, str] = {}

    async def open(self, job: str, *, reset: bool = False, reopen: bool = False) -> Opened:
        fresh = reset or (job in self._finished and not reopen) or job not in self._jobs
        if fresh:
            self._jobs[job] = {}
            self._generations[job] = self._generations.get(job, 0) + 1
        self._finished.discard(job)
        self._job, self._records, self._leased = job, self._jobs[job], {}
        return Opened(self._generations[job], resumed=not fresh)

    async def write(self, entries: Sequence[Entry], acks: Sequence[Ack]) -> Written:
        new = self._add(entries)
        return Written(new, stale=sum(not self._apply(ack) for ack in acks))

    def _add(self, entries: Sequence[Entry]) -> int:
        before = len(self._records)
        for entry in entries:
            if entry.key not in self._records:
                self._records[entry.key] = MemoryRecord(entry, next(self._seq))
        return len(self._records) - before

    def _apply(self, ack: Ack) -> bool:
        record = self._leased.get(ack.lease_id)
        if record is None or record.deadline <= self._clock():
            return False
        if ack.state is State.PENDING:
            self._put_back(record, counted=ack.count_attempt)
            record.entry = ack.entry or record.entry
        else:
            del self._leased[ack.lease_id]
            record.state, record.reason = ack.state, ack.reason
            if ack.forget:
                del self._records[record.entry.key]
        return True

    def _put_back(self, record: MemoryRecord, *, counted: bool) -> None:
        del self._leased[record.lease_id]
        record.state = State.PENDING
        record.attempts += counted

    async def claim(
        self, limit: int, *, per_site: int, resting: Mapping[str, float], lease_s: float
    ) -> list[Lease]:
        now = self._clock()
        held = Counter(record.entry.site for record in self._leased.values())
        held.update({site: per_site for site, until in resting.items() if until > now})
        queues: dict[str, list[MemoryRecord]] = {}
        for record in self._records.values():
            if record.state is State.PENDING and record.entry.not_before <= now:
                queues.setdefault(record.entry.site, []).append(record)
        for site, queue in list(queues.items()):
            queue.sort(key=lambda record: (-record.entry.priority, record.seq))
            queues[site] = queue[: max(0, per_site - held[site])]
        # One entry of each site per round, starting after the site served last.
        order = sorted(queues, key=lambda site: (site <= self._last_site, site))
        leases: list[Lease] = []
        for turn in range(per_site):
            for site in order:
                if turn < len(queues[site]) and len(leases) < limit:
                    leases.append(self._lease(queues[site][turn], now + lease_s))
                    self._last_site = site
        return leases

    def _lease(self, record: MemoryRecord, deadline: float) -> Lease:
        record.state, record.deadline = State.LEASED, deadline
        record.lease_id = next(self._lease_ids)
        self._leased[record.lease_id] = record
        return Lease(record.lease_id, record.entry, record.attempts, deadline)

    async def renew(self, lease_ids: Sequence[int], *, lease_s: float) -> set[int]:
        now = self._clock()
        stale: set[int] = set()
        for lease_id in lease_ids:
            record = self._leased.get(lease_id)
            if record is None or record.deadline <= now:
                stale.add(lease_id)
            else:
                record.deadline = now + lease_s
        return stale

    async def reap(self) -> int:
        now = self._clock()
        expired = [record for record in self._leased.values() if record.deadline <= now]
        for record in expired:
            self._put_back(record, counted=True)
        return len(expired)

    async def next_ready(self) -> float | None:
        now = self._clock()
        times = [
            record.entry.not_before
            for record in self._records.values()
            if record.state is State.PENDING and record.entry.not_before > now
        ]
        return min(times, default=None)

    async def skip_pending(self, reason: str) -> int:
        pending = [r for r in self._records.values() if r.state is State.PENDING]
        for record in pending:
            record.state, record.reason = State.SKIPPED, reason
        return len(pending)

    async def totals(self) -> Totals:
        return self._count(list(self._records.values()))

    async def sites(self) -> dict[str, Totals]:
        by_site: dict[str, list[MemoryRecord]] = {}
        for record in self._records.values():
            by_site.setdefault(record.entry.site, []).append(record)
        return {site: self._count(records) for site, records in by_site.items()}

    @staticmethod
    def _count(records: Sequence[MemoryRecord]) -> Totals:
        totals = Totals()
        for record in records:
            match record.state:
                case State.PENDING:
                    totals.pending += 1
                case State.LEASED:
                    totals.leased += 1
                case State.DONE:
                    totals.done += 1
                case State.FAILED:
                    totals.failed[record.reason] = totals.failed.get(record.reason, 0) + 1
                case State.SKIPPED:
                    totals.skipped[record.reason] = totals.skipped.get(record.reason, 0) + 1
        return totals

    async def note(self, notes: Mapping[str, str]) -> None:
        for site, text in notes.items():
            self._notes.pop(site, None)
            self._notes[site] = text

    async def notes(self, sites: Sequence[str] | None = None) -> dict[str, str]:
        if sites is not None:
            return {site: self._notes[site] for site in sites if site in self._notes}
        return dict(list(self._notes.items())[-MAX_NOTES:])

    async def finish(self) -> None:
        totals = await self.totals()
        if totals.pending or totals.leased:
            raise FrontierError(
                f"job {self._job!r} cannot finish: {totals.pending} entries are pending and "
                f"{totals.leased} leased; ack or skip them first"
            )
        if not await self.waiting():
            self._finished.add(self._job)

    async def close(self) -> None:
        for record in list(self._leased.values()):
            self._put_back(record, counted=False)
