"""The data that goes into a frontier and comes out of it: entries, leases, acks and totals.

Its contract is in ``base.py``, from which all of these are imported.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from crawlproj.errors import FrontierError


class State(IntEnum):
    """The state of an entry. The numbers are stored: never renumber."""

    PENDING = 0
    """Waiting to be fetched."""
    LEASED = 1
    """A worker has it."""
    DONE = 2
    """Fetched; its callback and pipelines are done."""
    FAILED = 3
    """Wanted, and not fetched; it has a reason."""
    SKIPPED = 4
    """Not fetched by decision; it has a reason."""

    @property
    def terminal(self) -> bool:
        """Whether the entry has ended: nothing more happens to it in this generation."""
        return self >= State.DONE


@dataclass(frozen=True, slots=True)
class Entry:
    """A URL to fetch.

    key: signed 64-bit fingerprint of the request; the identity of the entry within a job.
    site: name of the queue it waits in: the host, with the port unless it is the scheme's default.
    url: the URL to fetch.
    payload: the rest of the request, opaque to the frontier; b"" for a plain GET.
    priority: higher is claimed first (signed 32-bit).
    not_before: earliest time to claim it (unix seconds); 0 means now.
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
    attempts: how many earlier leases of the entry counted as attempts; 0 the first time.
    """

    id: int
    entry: Entry
    attempts: int
    deadline: float


@dataclass(frozen=True, slots=True)
class Ack:
    """The outcome of a lease.

    state: DONE, FAILED or SKIPPED end the entry; PENDING puts it back.
    reason: a short stable slug ("http-404", "timeout", "robots"); required for FAILED and SKIPPED.
    entry: with PENDING only: the entry to put back instead (same key and site; new payload,
        priority or not_before). None puts back the leased entry.
    count_attempt: with PENDING only: whether the lease counts as an attempt. A lease returned
        unused does not.
    forget: whether the entry, which ends, is forgotten (rule 7).

    Raises FrontierError if the state is LEASED, a required reason is missing, or what does not end
    is to be forgotten.
    """

    lease_id: int
    state: State
    reason: str = ""
    entry: Entry | None = None
    count_attempt: bool = True
    forget: bool = False

    def __post_init__(self) -> None:
        """Refuse an ack that would corrupt the counts."""
        if self.state is State.LEASED:
            raise FrontierError(f"ack of lease {self.lease_id}: LEASED is not an outcome")
        if self.state in {State.FAILED, State.SKIPPED} and not self.reason:
            raise FrontierError(f"ack of lease {self.lease_id}: {self.state.name} needs a reason")
        if self.forget and not self.state.terminal:
            raise FrontierError(f"ack of lease {self.lease_id}: what is forgotten has ended")


@dataclass(frozen=True, slots=True)
class Written:
    """The result of ``write``: how many entries were new, and how many acks were stale."""

    new: int = 0
    stale: int = 0


@dataclass(frozen=True, slots=True)
class Opened:
    """The result of ``open``.

    generation: 1 for the first run of a job, one more for each fresh start after a finished one.
    resumed: whether an unfinished generation is continued.
    finished: whether the requested generation has already finished, so there is nothing to do.
    """

    generation: int
    resumed: bool
    finished: bool = False

    def note(self, job: str, totals: Totals) -> str:
        """Return what a log should say about it."""
        if self.finished:
            return f"Generation {self.generation} of job {job!r} is finished"
        if not self.resumed:
            return f"Beginning job {job!r} (generation {self.generation})"
        # The first leases may have been claimed already.
        counts = f"{totals.pending + totals.leased} left, {totals.done} done"
        return f"Continuing job {job!r} (generation {self.generation}): {counts}"


@dataclass(slots=True)
class Totals:
    """The number of entries in each state; ``failed`` and ``skipped`` by reason."""

    pending: int = 0
    leased: int = 0
    done: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)

    @property
    def discovered(self) -> int:
        """The number of all entries: the sum over the states."""
        return (
            self.pending
            + self.leased
            + self.done
            + sum(self.failed.values())
            + sum(self.skipped.values())
        )


@dataclass(slots=True)
class News:
    """The changes to a worker's share of a frontier since the last ``take_news``.

    gained: sites taken over from another worker, each with the earliest time for its next request
        (unix seconds; None: unknown, because that worker ended).
    forgotten: whether the server restarted, and may have lost its last writes.
    waiting: whether any site has entries to claim.
    surplus: how many sites the worker should cede to workers that find nothing to do.
    """

    gained: dict[str, float | None] = field(default_factory=dict)
    forgotten: bool = False
    waiting: bool = False
    surplus: int = 0
