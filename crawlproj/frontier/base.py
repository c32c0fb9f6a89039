"""The frontier contract. A frontier keeps every URL that was discovered, and what became of it.

A frontier holds *entries*. An entry is in exactly one state::

    put ─▶ PENDING ─claim─▶ LEASED ─write(ack)─▶ DONE | FAILED(reason) | SKIPPED(reason)
              ▲                │
              └── requeue, lease expired, owner gone

Every backend keeps these rules; ``tests/frontier/test_contract.py`` tests each of them:

1. One entry per key: putting a known key changes nothing, whatever state it is in.
2. ``write(entries, acks)`` makes the entries durable no later than the acks. A crash in between
   may lose both, or only the acks, but never only the entries. So once a page is acked, the links
   found on it are in the frontier.
3. An ack names a lease. A lease that expired, was reaped or was acked before is *stale*: its ack
   is ignored and counted, so a stalled owner cannot overwrite what a later owner did.
4. ``claim`` takes the highest priority of a site first, and the oldest among equals. It takes the
   sites in turn, so no site waits for another site's queue. The caller never holds more than
   ``per_site`` leases of a site.
5. Once ``write`` or ``claim`` has returned, its effect survives SIGKILL of this process. Each
   backend documents whether it survives a power cut.
6. discovered = pending + leased + done + failed + skipped, always.
7. An ack with ``forget`` ends its entry as if it had never been put: it is in no count, and its key
   may be put again. So a page that is checked every day is one entry more while that is at work.
8. Notes on sites belong to the frontier, not to a job: a reset or a finished job keeps them.

``entries.py`` has what goes in and comes out; ``command_log.py`` has the rules of commands, by
which people steer a job.

Times are unix seconds from the clock given at construction.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

from crawlproj.errors import FrontierError
from crawlproj.frontier.command_log import Steered
from crawlproj.frontier.entries import Ack, Entry, Lease, News, Opened, State, Totals, Written
from crawlproj.frontier.grants import Grant

__all__ = [
    "MAX_NOTES",
    "Ack",
    "Clock",
    "Entry",
    "Frontier",
    "Lease",
    "News",
    "Opened",
    "State",
    "Totals",
    "Written",
]

Clock = Callable[[], float]
"""Returns the time now, in seconds since the epoch."""

MAX_NOTES = 100_000
"""How many sites' notes a frontier keeps."""


class Frontier(Steered, ABC):
    """A store of entries that keeps the rules of the module docstring.

    One instance serves one job. Not thread-safe. Whatever asks the backend raises FrontierError if
    that fails.

    shared: whether other processes may work on the job at the same time. Each of them is then a
        *worker*, with leases of its own, and owns the sites that it claimed from first.
    owner: the worker's number while the frontier is open; 0 if it has none.
    """

    shared = False
    owner = 0

    @abstractmethod
    async def open(self, job: str, *, reset: bool = False, reopen: bool = False) -> Opened:
        """Take ownership and continue ``job``, or start its next generation if it has finished.

        reopen: continue a generation that has finished, too, with what it knows.

        Leases left by a dead owner become pending at once if the backend can know that the owner
        is dead (attempts counted), else when they expire. ``reset`` forgets the job's entries
        first.

        Raises FrontierInUse if another live process owns the job, FrontierError if it cannot
        be used.
        """

    @abstractmethod
    async def write(self, entries: Sequence[Entry], acks: Sequence[Ack]) -> Written:
        """Put ``entries`` and apply ``acks``, in one atomic step if the backend can (rule 2)."""

    @abstractmethod
    async def claim(
        self, limit: int, *, per_site: int, resting: Mapping[str, float], lease_s: float
    ) -> list[Lease]:
        """Lease up to ``limit`` claimable entries, of each site until ``per_site`` are leased.

        per_site: the same in every call. resting: sites to leave alone, each with the time its
        rest ends.
        """

    @abstractmethod
    async def renew(self, lease_ids: Sequence[int], *, lease_s: float) -> set[int]:
        """Extend leases to now + ``lease_s``; returns the stale ones, which are not extended."""

    @abstractmethod
    async def reap(self) -> int:
        """Return entries whose lease expired to pending, attempt counted; returns how many."""

    @abstractmethod
    async def next_ready(self) -> float | None:
        """Earliest ``not_before`` among pending entries not yet claimable, or None."""

    @abstractmethod
    async def skip_pending(self, reason: str) -> int:
        """Move every pending entry to SKIPPED(reason); returns how many."""

    @abstractmethod
    async def totals(self) -> Totals:
        """Return the counts over the job. Cheap: may be called every second."""

    @abstractmethod
    async def sites(self) -> dict[str, Totals]:
        """Return the counts by site. May scan all entries: for reports, not for live displays."""

    @abstractmethod
    async def note(self, notes: Mapping[str, str]) -> None:
        """Store a short text for each site; it replaces the site's earlier note."""

    @abstractmethod
    async def notes(self, sites: Sequence[str] | None = None) -> dict[str, str]:
        """Return the notes on ``sites``, or on the MAX_NOTES sites noted last."""

    def take_news(self) -> News:
        """Return what happened since the last call."""
        return News()

    async def spare(self, number: int) -> list[str]:
        """Return up to ``number`` sites of this worker that have pending entries and no leases.

        Raises FrontierError if the frontier is not shared.
        """
        raise FrontierError(f"a frontier that is not shared cannot spare {number} sites")

    async def cede(self, sites: Mapping[str, float]) -> set[str]:
        """Hand sites to workers that find nothing to do.

        This worker sends no more requests to them, except for the leases it already holds, which
        stay its own.

        sites: each with the earliest time for its next request (unix seconds).

        Returns the sites that were handed over; empty if no worker wants any. Raises FrontierError
        if the frontier is not shared.
        """
        raise FrontierError(f"a frontier that is not shared cannot cede {len(sites)} sites")

    async def spend(self, wants: Sequence[tuple[str, int]], per_day: int) -> list[Grant]:  # noqa: ARG002
        """Take checks from the budgets that their sites have in all workers together.

        wants: of each check, the site and a number that no other check has. per_day: what a site
        has at first, and what the next 24 hours add, up to that. The only worker of a frontier that
        is not shared keeps the budgets itself, so it is given all checks.
        """
        return [Grant.GIVEN for _ in wants]

    def hurry(self) -> None:
        """Stop waiting for a server that does not answer: raise FrontierError instead."""

    @abstractmethod
    async def finish(self) -> None:
        """Mark the generation as finished: the next ``open`` starts a fresh one.

        While a command that changes entries waits, nothing is marked: the next ``open`` continues.

        Raises FrontierError if entries are pending or leased.
        """

    @abstractmethod
    async def close(self) -> None:
        """Give up ownership and return held leases to pending, not counted. Idempotent."""
