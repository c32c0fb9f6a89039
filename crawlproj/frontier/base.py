"""The frontier contract: every URL ever discovered, and what became of it.

A frontier holds *entries*. An entry is in exactly one state::

    put ─▶ PENDING ─claim─▶ LEASED ─write(ack)─▶ DONE | FAILED(reason) | SKIPPED(reason)
              ▲                │
              └── requeue, lease expired, owner gone

Rules every backend keeps, each with a test in ``tests/frontier/test_contract.py``:

1. One entry per key: putting a known key changes nothing, whatever state it is in.
2. ``write(entries, acks)`` makes the entries durable no later than the acks. A crash
   in between may lose both or only the acks, never only the entries. So a parent that is acked
   has its children in the frontier.
3. An ack names a lease. A lease that expired, was reaped or already acked is *stale*: its ack is
   ignored and counted, so a stalled owner cannot overwrite what a later one did.
4. ``claim`` takes the highest priority of a site first, oldest first among equals; it goes round
   the sites, so that no site waits for another's queue; the caller never has more than
   ``per_site`` leases of a site.
5. When ``write`` or ``claim`` has returned, what it did survives SIGKILL of this process. Surviving
   a power cut is the backend's to document.
6. discovered = pending + leased + done + failed + skipped, always.
7. Notes on sites belong to the frontier, not to a job: a reset or a finished job leaves them.

Times are unix seconds from the clock given at construction.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from crawlproj.errors import FrontierError

Clock = Callable[[], float]

MAX_NOTES = 100_000


class State(IntEnum):
    """Where an entry stands. The numbers are stored: never renumber."""

    PENDING = 0
    LEASED = 1
    DONE = 2
    FAILED = 3
    SKIPPED = 4

    @property
    def terminal(self) -> bool:
        """True when nothing more will happen to the entry in this generation."""
        return self >= State.DONE


@dataclass(frozen=True, slots=True)
class Entry:
    """A URL to fetch.

    key: signed 64-bit fingerprint of the request; the identity of the entry within a job.
    site: name of the queue it waits in (host, with the port when it is not the scheme's own).
    url: what to fetch.
    payload: everything else of the request, opaque to the frontier; b"" for a plain GET.
    priority: higher is claimed first (any 32-bit int).
    not_before: unix seconds before which it is not claimed; 0 means now.
    """

    key: int
    site: str
    url: str
    payload: bytes = b""
    priority: int = 0
    not_before: float = 0.0


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on an entry until ``deadline`` (unix seconds).

    id: unique over the life of the frontier, never reused.
    attempts: how often the entry had been leased and requeued *with an attempt counted* before;
        0 the first time.
    """

    id: int
    entry: Entry
    attempts: int
    deadline: float


@dataclass(frozen=True, slots=True)
class Ack:
    """What became of a lease.

    state: DONE, FAILED or SKIPPED end the entry; PENDING puts it back.
    reason: a short stable slug ("http-404", "timeout", "robots"); required for FAILED and SKIPPED.
    entry: with PENDING only: what to put back instead (same key and site; new payload, priority or
        not_before); None puts back what was leased.
    count_attempt: with PENDING only: whether this counts as an attempt (a lease given back unused
        does not).
    """

    lease_id: int
    state: State
    reason: str = ""
    entry: Entry | None = None
    count_attempt: bool = True


@dataclass(frozen=True, slots=True)
class Written:
    """What ``write`` did: entries that were new, acks that were stale."""

    new: int = 0
    stale: int = 0


@dataclass(frozen=True, slots=True)
class Opened:
    """What ``open`` found.

    generation: 1 for the first run of a job, one more for each fresh start after a finished one.
    resumed: True when an unfinished generation is continued.
    finished: True when the generation that was asked for has been finished: there is nothing to do.
    """

    generation: int
    resumed: bool
    finished: bool = False


@dataclass(slots=True)
class Totals:
    """Entries of the open job by state; ``failed`` and ``skipped`` by reason."""

    pending: int = 0
    leased: int = 0
    done: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)

    @property
    def discovered(self) -> int:
        """All entries; equals the sum of the states."""
        return (
            self.pending
            + self.leased
            + self.done
            + sum(self.failed.values())
            + sum(self.skipped.values())
        )


@dataclass(slots=True)
class News:
    """What happened to a worker's part of a shared frontier since the news were last taken.

    gained: sites that were another worker's and became this one's, with when they may be served
        (unix seconds; None: unknown, as that worker ended).
    forgotten: whether the server restarted: what was written in its last moments may be undone.
    waiting: whether there are sites to claim of.
    surplus: how many sites the worker should cede to others that find nothing to do.
    """

    gained: dict[str, float | None] = field(default_factory=dict)
    forgotten: bool = False
    waiting: bool = False
    surplus: int = 0


class Frontier(ABC):
    """See the module docstring for the rules. One instance serves one job; not thread-safe.

    shared: whether other processes may work on the job at the same time. Each of them is a
        *worker* then: it has leases of its own, and the sites it claimed of first.
    owner: the worker's number while it is open; 0: it has none.
    """

    shared = False
    owner = 0

    @abstractmethod
    async def open(self, job: str, *, reset: bool = False) -> Opened:
        """Take ownership and continue ``job``, or start its next generation if it had finished.

        Leases left by a dead owner become pending at once where the backend can know it is dead
        (attempts counted), else when they expire. ``reset`` forgets the job's entries first.

        Raises FrontierInUse if another live process owns it, FrontierError if it cannot be used.
        """

    @abstractmethod
    async def write(self, entries: Sequence[Entry], acks: Sequence[Ack]) -> Written:
        """Put ``entries`` and apply ``acks``, in one atomic step where the backend can (rule 2)."""

    @abstractmethod
    async def claim(
        self, limit: int, *, per_site: int, resting: Mapping[str, float], lease_s: float
    ) -> list[Lease]:
        """Lease up to ``limit`` claimable entries; of a site until ``per_site`` are leased.

        per_site: the same with every call. resting: sites to leave alone, with until when.
        """

    @abstractmethod
    async def renew(self, lease_ids: Sequence[int], *, lease_s: float) -> set[int]:
        """Extend leases to now + ``lease_s``; returns those that are stale (not extended)."""

    @abstractmethod
    async def reap(self) -> int:
        """Put entries whose lease expired back to pending, attempt counted; returns how many."""

    @abstractmethod
    async def next_ready(self) -> float | None:
        """Earliest ``not_before`` among pending entries not yet claimable, or None."""

    @abstractmethod
    async def skip_pending(self, reason: str) -> int:
        """Move every pending entry to SKIPPED(reason); returns how many."""

    @abstractmethod
    async def totals(self) -> Totals:
        """Counts over the job. Cheap: may be called every second."""

    @abstractmethod
    async def sites(self) -> dict[str, Totals]:
        """Counts by site. May scan: for reports, not for display loops."""

    @abstractmethod
    async def note(self, notes: Mapping[str, str]) -> None:
        """Remember a short text on each site, in place of the one there was."""

    @abstractmethod
    async def notes(self, sites: Sequence[str] | None = None) -> dict[str, str]:
        """Return the notes on ``sites``, or on the MAX_NOTES sites that were noted last."""

    def take_news(self) -> News:
        """Return what the answers since the last call told."""
        return News()

    async def spare(self, number: int) -> list[str]:
        """Return up to ``number`` sites of this worker with work and without leases."""
        raise FrontierError(f"a frontier that is not shared cannot spare {number} sites")

    async def cede(self, sites: Mapping[str, float]) -> set[str]:
        """Leave sites to workers that find nothing, with when each may be served.

        This worker asks nothing of them any more. Leases that it has of them stay its own. Returns
        those that were left: none when nobody wants any.
        """
        raise FrontierError(f"a frontier that is not shared cannot cede {len(sites)} sites")

    def hurry(self) -> None:  # noqa: B027 - most have no server to wait for
        """Wait no longer for a server that is away: raise FrontierError instead."""

    @abstractmethod
    async def finish(self) -> None:
        """Mark the generation finished: the next open starts a fresh one.

        Raises FrontierError if entries are pending or leased.
        """

    @abstractmethod
    async def close(self) -> None:
        """Give up ownership; leases still held go back to pending, uncounted. Idempotent."""
