"""How long a worker may use its leases by its own clock, in virtual time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from crawlproj.frontier.base import Lease
from crawlproj.limits.permits import Permits
from crawlproj.scheduling.held_leases import HeldLeases
from crawlproj.scheduling.lease_buffer import LeaseBuffer
from tests.frontier.helpers import entry
from tests.frontier.virtual import now
from tests.scheduling.desk import Watched, control, in_virtual_time

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

LEASE_S = 30.0


class Server(Watched):
    """A shared frontier that says which leases expired, or does not answer."""

    shared = True

    def __init__(self) -> None:
        super().__init__()
        self.expired: set[int] = set()
        self.answers_after_s = 0.0

    async def renew(self, lease_ids: Sequence[int], *, lease_s: float) -> set[int]:
        assert lease_s == LEASE_S
        await asyncio.sleep(self.answers_after_s)
        return self.expired & set(lease_ids)


class Worker:
    """The leases of a worker, and those it heard may be another's. suspended_s: so far."""

    def __init__(self, frontier: Watched) -> None:
        self.lost: list[set[int]] = []
        self.suspended_s = 0.0
        self.buffer = LeaseBuffer(Permits(lambda _: control(4), now), now)
        self.held = HeldLeases(frontier, self.buffer, self.clock, LEASE_S, self.lose)
        self.held.open()

    def clock(self) -> float:
        return now() + self.suspended_s

    def lose(self, lease_ids: Collection[int]) -> None:
        assert not self.held.valid, "nothing starts meanwhile"
        self.lost.append(set(lease_ids))

    def valid(self) -> bool:
        return self.held.valid

    def hold(self, *numbers: int) -> None:
        leases = [Lease(number, entry(number), 0, now() + LEASE_S) for number in numbers]
        self.held.add(leases)
        self.buffer.add(leases)


@in_virtual_time
async def test_leases_that_are_renewed_are_never_lost() -> None:
    worker = Worker(Server())
    worker.hold(1)
    for _ in range(100):
        await asyncio.sleep(worker.held.renew_at - now())
        assert not await worker.held.renew()
    assert worker.valid()
    assert not worker.lost
    worker.held.close()


@in_virtual_time
async def test_a_worker_that_cannot_renew_stops_starting_and_then_ends_its_requests() -> None:
    worker = Worker(Server())
    worker.hold(1, 2)
    await asyncio.sleep(0.89 * LEASE_S)
    assert worker.valid()
    await asyncio.sleep(0.05 * LEASE_S)
    assert not worker.valid()
    assert not worker.lost, "what is in flight has a moment to end"
    await asyncio.sleep(0.02 * LEASE_S)
    assert worker.lost == [{1, 2}], "before others may have them"


@in_virtual_time
async def test_a_worker_goes_on_after_a_late_renewal_and_stops_again_without_the_next() -> None:
    worker = Worker(Server())
    worker.hold(1)
    await asyncio.sleep(LEASE_S)
    assert not await worker.held.renew(), "the server still had them"
    assert worker.valid()
    assert list(worker.held.sites) == ["a.test"]
    await asyncio.sleep(LEASE_S)
    assert worker.lost == [{1}, {1}]


@in_virtual_time
async def test_the_time_counts_from_when_the_renewal_was_sent() -> None:
    server = Server()
    worker = Worker(server)
    worker.hold(1)
    server.answers_after_s = 0.8 * LEASE_S
    await worker.held.renew()
    assert worker.valid()
    await asyncio.sleep(0.1 * LEASE_S)
    assert not worker.valid()
    worker.held.close()


@in_virtual_time
async def test_a_machine_that_was_suspended_finds_out_within_a_second() -> None:
    worker = Worker(Server())
    worker.hold(1)
    await asyncio.sleep(1)
    worker.suspended_s = 3600.0  # the loop's timers did not count it
    assert not worker.valid()
    await asyncio.sleep(1)
    assert worker.lost == [{1}]


@in_virtual_time
async def test_what_the_server_says_has_expired_is_lost_and_leaves_the_buffer() -> None:
    server = Server()
    worker = Worker(server)
    worker.hold(1, 2, 3)
    worker.held.remove([3])
    worker.held.doubt()
    server.expired = {1}
    assert await worker.held.renew()
    assert worker.lost == [{1}]
    assert len(worker.held) == 1
    assert [lease.id for lease in worker.buffer] == [2, 3]
    worker.held.close()


@in_virtual_time
async def test_leases_in_doubt_are_renewed_at_once_and_not_used_before() -> None:
    worker = Worker(Server())
    worker.hold(1)
    worker.held.doubt()
    assert not worker.valid()
    assert worker.held.renew_at <= now()
    await worker.held.renew()
    assert worker.valid()
    assert not worker.lost
    worker.held.close()


@in_virtual_time
async def test_leases_of_a_frontier_that_is_not_shared_are_always_valid() -> None:
    worker = Worker(Watched())
    worker.hold(1)
    worker.held.doubt()
    await asyncio.sleep(10 * LEASE_S)
    assert worker.valid()
    assert not worker.lost
