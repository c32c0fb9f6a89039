"""Leases that wait for a permit of their site, and whose turn it is."""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from itertools import chain
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from crawlproj.frontier.base import Clock, Lease
    from crawlproj.limits.permit import Permit
    from crawlproj.limits.permits import Permits


@dataclass(slots=True)  # frozen would make it three times as expensive
class Handout:
    """A lease with the permit to work on it now.

    waited_s: how long the lease waited for the permit.
    """

    lease: Lease
    permit: Permit
    waited_s: float


class LeaseBuffer:
    """A queue for each site; the sites take turns, those below their share first.

    A site without a free permit is *blocked*: it gets no turn until a permit is given back or
    until the time at which it may have one. So a thousand waiting sites cost nothing.
    """

    def __init__(self, permits: Permits, clock: Clock) -> None:
        self._permits = permits
        self._clock = clock
        self._queues: dict[str, deque[tuple[Lease, float]]] = {}  # and when each came
        self._size = 0
        self._first: deque[str] = deque()  # sites to try that are below their share
        self._turns: deque[str] = deque()  # the other sites to try
        self._blocked: dict[str, float] = {}  # until when, unless a permit is given back
        self._wakes: list[tuple[float, str]] = []  # heap of the same

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Lease]:
        """Yield every lease."""
        for queue in self._queues.values():
            for lease, _ in queue:
                yield lease

    def size_of(self, site: str) -> int:
        """Return how many leases of ``site`` there are."""
        queue = self._queues.get(site)
        return len(queue) if queue is not None else 0

    @property
    def has_turns(self) -> bool:
        """Whether any site is to be tried."""
        return bool(self._first or self._turns)

    @property
    def has_blocked(self) -> bool:
        """Whether any site waits for a permit."""
        return bool(self._blocked)

    @property
    def wakes_at(self) -> float | None:
        """When the first blocked site may have a permit; None if that depends on no time."""
        return self._wakes[0][0] if self._wakes else None

    def startable(self) -> int:
        """Return how many leases could start now."""
        return sum(
            min(len(self._queues[site]), self._permits.free(site))
            for site in chain(self._first, self._turns)
        )

    def add(self, leases: Iterable[Lease]) -> None:
        """Append leases to the queues of their sites."""
        now = self._clock()
        for lease in leases:
            site = lease.entry.site
            queue = self._queues.get(site)
            if queue is None:
                queue = self._queues[site] = deque()
                self._give_turn(site)
            queue.append((lease, now))
            self._size += 1

    def next(self) -> Handout | None:
        """Return a lease of the site whose turn it is, with a permit; None if no site has both."""
        self._unblock()
        while self.has_turns:
            site = (self._first or self._turns).popleft()
            permit = self._permits.take_free(site, sent=False)
            if permit is None:
                self._block(site, self._permits.wake_at(site))
                continue
            queue = self._queues[site]
            lease, came_at = queue.popleft()
            self._size -= 1
            if queue:
                self._give_turn(site)
            else:
                del self._queues[site]
            return Handout(lease, permit, self._clock() - came_at)
        return None

    def given_back(self, site: str) -> list[str]:
        """Give the sites that share the permits of ``site`` their turns: one permit is back.

        Returns the sites that could start a request but have no lease here.
        """
        free = self._permits.free(site)
        # If a refusal came with it, the site now waits for a time, not for a permit.
        wake_at = inf if free else self._permits.wake_at(site)
        without = []
        for member in self._permits.members(site):
            if free <= 0:
                if self._blocked.get(member, 0.0) > wake_at:
                    self._block(member, wake_at)
            elif self._blocked.pop(member, None) is not None:
                self._give_turn(member)
                free -= 1
            elif member not in self._queues:
                without.append(member)
        return without

    def remove(self, site: str) -> list[Lease]:
        """Take all leases of ``site`` out and return them."""
        leases = [lease for lease, _ in self._queues.get(site, ())]
        self.drop({lease.id for lease in leases})
        return leases

    def retry(self) -> None:
        """Give every blocked site a turn, because what blocks it may have changed."""
        for site in self._blocked:
            self._give_turn(site)
        self._blocked.clear()

    def drop(self, lease_ids: Container[int]) -> None:
        """Forget leases, because they expired."""
        for site, queue in list(self._queues.items()):
            kept = deque(waiting for waiting in queue if waiting[0].id not in lease_ids)
            self._size -= len(queue) - len(kept)
            self._queues[site] = kept
            if not kept:
                del self._queues[site]
                self._blocked.pop(site, None)
                for turns in (self._first, self._turns):
                    if site in turns:
                        turns.remove(site)

    def _give_turn(self, site: str) -> None:
        (self._first if self._permits.assured(site) else self._turns).append(site)

    def _block(self, site: str, wake_at: float) -> None:
        self._blocked[site] = wake_at
        if wake_at < inf:
            heapq.heappush(self._wakes, (wake_at, site))
            # Stale entries leave when they reach the top; this bounds those that never do.
            if len(self._wakes) > 64 + 4 * len(self._blocked):
                self._wakes = [(when, name) for name, when in self._blocked.items() if when < inf]
                heapq.heapify(self._wakes)

    def _unblock(self) -> None:
        """Give the sites whose time has come their turns again."""
        now = self._clock()
        while self._wakes and self._wakes[0][0] <= now:
            when, site = heapq.heappop(self._wakes)
            if self._blocked.get(site) == when:
                if self._permits.free(site):
                    del self._blocked[site]
                    self._give_turn(site)
                else:
                    # A moment later, because wake_at may round to just before the site is free.
                    self._block(site, max(self._permits.wake_at(site), now + 0.001))
