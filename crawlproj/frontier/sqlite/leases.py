"""The leases that this process holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crawlproj.frontier.base import Lease


@dataclass(slots=True)
class LeasedRow:
    """A lease, the row of its entry, and its deadline, which moves when it is renewed."""

    seq: int
    lease: Lease
    deadline: float


class LeasedRows:
    """Leases by id, with their number by site. Times are unix seconds."""

    def __init__(self) -> None:
        self.by_site: Counter[str] = Counter()
        self._by_id: dict[int, LeasedRow] = {}

    def add(self, leases: Iterable[LeasedRow]) -> None:
        """Hold ``leases``."""
        for held in leases:
            self._by_id[held.lease.id] = held
            self.by_site[held.lease.entry.site] += 1

    def drop(self, held: LeasedRow) -> None:
        """Hold this lease no longer."""
        del self._by_id[held.lease.id]
        site = held.lease.entry.site
        self.by_site[site] -= 1
        if not self.by_site[site]:
            del self.by_site[site]

    def live(self, lease_id: int, now: float) -> LeasedRow | None:
        """Return the lease, or None if it is stale: expired, or not held."""
        held = self._by_id.get(lease_id)
        return held if held is not None and held.deadline > now else None

    def renew(self, lease_ids: Sequence[int], now: float, lease_s: float) -> set[int]:
        """Extend leases to now + ``lease_s``; returns the stale ones."""
        stale: set[int] = set()
        for lease_id in lease_ids:
            held = self.live(lease_id, now)
            if held is None:
                stale.add(lease_id)
            else:
                held.deadline = now + lease_s
        return stale

    def expired(self, now: float) -> list[LeasedRow]:
        """Return the leases whose deadline has passed."""
        return [held for held in self._by_id.values() if held.deadline <= now]

    def all(self) -> list[LeasedRow]:
        """Return all leases."""
        return list(self._by_id.values())
