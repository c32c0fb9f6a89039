"""When a worker claims leases, and how many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.scheduling.alarm import Alarm

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawlproj.frontier.base import Clock, Frontier, Lease
    from crawlproj.limits.permits import Permits
    from crawlproj.scheduling.buffer_config import BufferConfig
    from crawlproj.scheduling.lease_buffer import LeaseBuffer


class Claims:
    """Claims what the buffer lacks, and knows whether another claim may bring something.

    A site that may start nothing is passed over, so that slow sites do not fill the buffer.

    ask: lets a claim be considered soon.
    on_change: called when a site or an entry has become ready in time: ask for leases again.
    hungry: whether a claim may bring something.
    """

    def __init__(
        self,
        frontier: Frontier,
        permits: Permits,
        buffer: LeaseBuffer,
        clock: Clock,
        config: BufferConfig,
        *,
        ask: Callable[[], None],
        on_change: Callable[[], None],
    ) -> None:
        self.hungry = True
        self._frontier = frontier
        self._permits = permits
        self._buffer = buffer
        self._config = config
        self._ask = ask
        self._on_change = on_change
        self._passed_over: set[str] = set()  # sites that rested at the last claim
        self._claim_alarm = Alarm(clock, self._on_claim_due)  # in time, a site or an entry is ready
        self._turn_alarm = Alarm(clock, on_change)  # a blocked site has its turn
        self._closed = False

    def want(self) -> None:
        """Note that a claim may bring something, and let one be considered soon."""
        self.hungry = True
        self._ask()

    def low(self, site: str) -> bool:
        """Whether few leases of ``site`` wait in the buffer."""
        return self._buffer.size_of(site) < max(1, self._config.per_site // 4)

    def room(self) -> int:
        """Return how many leases to claim now; 0 or less: none."""
        if self._permits.paused.everything:
            return 0
        config, buffer = self._config, self._buffer
        return min(config.ready - buffer.startable(), config.max_leases - len(buffer))

    async def claim(self, limit: int, left_to_others: dict[str, float]) -> list[Lease]:
        """Claim up to ``limit`` leases, of sites that do not rest; the others are topped up.

        left_to_others: sites that are passed over without being looked at again, until when.
        """
        resting = self._permits.resting()
        self._passed_over = set(resting)
        resting.update(left_to_others)
        self.hungry = False  # what happens during the claim may set it again
        config = self._config
        leases = await self._frontier.claim(
            limit, per_site=config.per_site, resting=resting, lease_s=config.lease_s
        )
        self.hungry |= len(leases) == limit
        return leases

    async def await_next(self) -> None:
        """See to it that the next claim is made in time. After the buffer has what came."""
        if not self.hungry:
            self.set_alarms(await self._frontier.next_ready())
        if self._passed_over and self._permits.next_ready() is None:
            self.want()  # the last rest has just ended, so no alarm is set for it

    def set_alarms(self, entry_ready_at: float | None = None) -> None:
        """Ask again when a blocked or resting site, or a delayed entry, becomes ready."""
        if self._closed:
            return
        for ready_at in (entry_ready_at, self._permits.next_ready()):
            if ready_at is not None:
                self._claim_alarm.set(ready_at)
        if (wakes_at := self._buffer.wakes_at) is not None:
            self._turn_alarm.set(wakes_at)

    def given_back(self, site: str) -> None:
        """Let leases start, because a permit of ``site`` was given back; claim if there is none."""
        if self._buffer.has_blocked or self._passed_over:
            without = self._buffer.given_back(site)
            if not self._passed_over.isdisjoint(without):
                self._passed_over.difference_update(without)
                self.want()
        if not self._buffer.has_turns:
            self.set_alarms()

    def close(self) -> None:
        """Set no alarm any more."""
        self._closed = True
        self._claim_alarm.cancel()
        self._turn_alarm.cancel()

    def _on_claim_due(self) -> None:
        self.want()
        self._on_change()
