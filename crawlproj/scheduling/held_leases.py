"""The leases of this worker: renewed in time, and reported once another worker may have them."""

from __future__ import annotations

import asyncio
import logging
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from crawlproj.frontier.base import Clock, Frontier, Lease
    from crawlproj.scheduling.lease_buffer import LeaseBuffer

logger = logging.getLogger(__name__)

# Shares of a lease's time since it was last renewed. The rest is for the clocks and the network.
_RENEW = 1 / 3
_START = 0.9  # nothing starts after that
_STOP = 0.95  # no request stays in flight after that
_LOOK_S = 1.0  # the loop's timers do not count the time for which the machine is suspended


class HeldLeases:
    """Leases in the buffer and handed out.

    A shared frontier gives expired leases, and their sites, to other workers. A worker that did not
    renew in time was suspended, stalled or cut off from the server. It must stop by its own clock.

    on_lost: called with the ids of leases that another worker may have now. They may turn out to be
        valid after all; until then ``valid`` is False.
    """

    def __init__(
        self,
        frontier: Frontier,
        buffer: LeaseBuffer,
        clock: Clock,
        lease_s: float,
        on_lost: Callable[[Collection[int]], None],
    ) -> None:
        self.renew_at = 0.0
        self._frontier = frontier
        self._buffer = buffer
        self._clock = clock
        self._lease_s = lease_s
        self._on_lost = on_lost
        self._sites: dict[int, str] = {}  # by lease id
        self._start_until = inf
        self._stop_at = inf
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._sites)

    @property
    def sites(self) -> Iterable[str]:
        """The site of each lease."""
        return self._sites.values()

    @property
    def valid(self) -> bool:
        """Whether no other worker can have these leases, so that requests may start."""
        return self._start_until == inf or self._clock() < self._start_until

    def open(self) -> None:
        """Note that the frontier was opened, which makes this a worker that is alive."""
        now = self._clock()
        self.renew_at = now + _RENEW * self._lease_s
        self._renewed(now)

    def add(self, leases: Iterable[Lease]) -> None:
        """Hold ``leases``."""
        self._sites.update((lease.id, lease.entry.site) for lease in leases)

    def remove(self, lease_ids: Iterable[int]) -> None:
        """Hold these no longer: they were acked."""
        for lease_id in lease_ids:
            self._sites.pop(lease_id, None)

    async def renew(self) -> bool:
        """Renew every lease; returns whether any was lost. Raises FrontierError."""
        at = self._clock()
        self.renew_at = at + _RENEW * self._lease_s
        lost = await self._frontier.renew(list(self._sites), lease_s=self._lease_s)
        if lost:
            logger.warning(
                "%d leases were lost, because they were not renewed in time or the server forgot "
                "them; their pages may be fetched again",
                len(lost),
            )
            self.remove(lost)
            self._buffer.drop(lost)
            self._on_lost(lost)
        self._renewed(at)  # only now that nothing of what was lost can start
        return bool(lost)

    def doubt(self) -> None:
        """Start nothing before the leases are renewed: the server may have forgotten some."""
        if self._frontier.shared:
            self.renew_at = self._start_until = -inf

    def close(self) -> None:
        """Stop watching the time."""
        if self._timer is not None:
            self._timer.cancel()

    def _renewed(self, at: float) -> None:
        """Note that all leases were renewed by a request sent at ``at``."""
        if not self._frontier.shared:
            return
        self._start_until = at + _START * self._lease_s
        self._stop_at = at + _STOP * self._lease_s
        if self._timer is None:
            self._watch()

    def _watch(self) -> None:
        self._timer = None
        left_s = self._stop_at - self._clock()
        if left_s <= 0:
            self._on_lost(list(self._sites))  # the next renewal tells which of them were
            return
        self._timer = asyncio.get_running_loop().call_later(min(_LOOK_S, left_s), self._watch)
