"""The buffer and the outbox between a scheduler and a frontier, in virtual time."""

from __future__ import annotations

import asyncio
import itertools
from math import inf
from typing import TYPE_CHECKING

import pytest

from crawlproj.frontier.base import State
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.learned import Learned, learned_from
from crawlproj.scheduling.buffer_config import BufferConfig
from tests.frontier.helpers import entry
from tests.frontier.virtual import now
from tests.scheduling.desk import Desk, Watched, desk, in_virtual_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawlproj.frontier.base import Lease, Totals


@in_virtual_time
async def test_what_is_put_comes_out_with_a_permit() -> None:
    async with desk() as it:
        assert it.next() is None
        await it.put(entry(1))
        handout = it.some()
        assert handout.lease.entry == entry(1)
        assert it.permits.in_flight("a.test") == 1
        assert it.next() is None
        assert it.changes


@in_virtual_time
async def test_children_leave_in_one_write_with_the_ack_of_their_parent() -> None:
    frontier = Watched()
    async with desk(frontier) as it:
        await it.put(entry(1))
        parent = it.some()
        it.buffered.put(entry(2))
        it.buffered.put(entry(3))
        it.end(parent)
        await it.settled()
    assert ([2, 3], [parent.lease.id]) in frontier.writes


@in_virtual_time
async def test_a_site_without_a_permit_waits_until_one_is_given_back() -> None:
    async with desk(limit=1) as it:
        await it.put(entry(1), entry(2))
        first = it.some()
        assert it.next() is None
        it.end(first)
        assert it.some().lease.entry.key == 2


@in_virtual_time
async def test_sites_take_turns() -> None:
    async with desk(limit=8) as it:
        await it.put(
            *(entry(n, "a.test") for n in range(3)), *(entry(9 + n, "b.test") for n in (0, 1))
        )
        sites = [it.some().lease.entry.site for _ in range(4)]
        assert sites in (["a.test", "b.test"] * 2, ["b.test", "a.test"] * 2)


@in_virtual_time
async def test_a_paced_site_is_asked_again_when_its_time_has_come() -> None:
    async with desk(rates={"a.test": 2.0}) as it:
        await it.put(*(entry(n) for n in range(4)))
        starts: list[float] = []
        while len(starts) < 4:
            changes = it.changes
            if it.next() is not None:
                starts.append(now())
                continue
            while it.changes == changes:
                await asyncio.sleep(0.01)
        gaps = [later - earlier for earlier, later in itertools.pairwise(starts)]
        assert all(0.4 < gap < 0.6 for gap in gaps), gaps


@in_virtual_time
async def test_a_full_site_that_must_rest_goes_on_when_the_rest_ends() -> None:
    async with desk(limit=1) as it:
        await it.put(entry(1), entry(2))
        refused = it.some()
        assert it.next() is None
        named = Ending(Verdict.OVERLOADED, 0.1, retry_after_s=30.0)
        it.buffered.release("a.test", refused.permit, named)
        await asyncio.sleep(29)
        assert it.next() is None
        changes = it.changes
        await asyncio.sleep(1.1)
        assert it.changes > changes
        assert it.some().lease.entry.key == 2


@in_virtual_time
async def test_a_paced_site_gets_its_turn_beside_one_that_is_always_ready() -> None:
    async with desk(limit=64, rates={"slow.test": 1.0}) as it:
        busy = [entry(n, "busy.test") for n in range(30)]
        await it.put(entry(100, "slow.test"), entry(101, "slow.test"), *busy)
        handed: list[str] = []
        for _ in range(12):
            handout = it.some()
            handed.append(handout.lease.entry.site)
            it.end(handout)
            await asyncio.sleep(0.2)
        assert handed.count("slow.test") == 2


@in_virtual_time
async def test_a_delayed_entry_comes_when_its_time_has_come() -> None:
    async with desk() as it:
        await it.put(entry(1, not_before=now() + 50))
        assert it.next() is None
        assert it.buffered.pending
        await asyncio.sleep(49)
        assert it.next() is None
        await asyncio.sleep(1.1)
        assert it.some().lease.entry.key == 1


@in_virtual_time
async def test_a_retry_that_is_due_soon_does_not_wait_for_one_that_is_due_late() -> None:
    async with desk() as it:
        await it.put(entry(1, "away.test"), entry(2, "b.test"))
        handouts = {h.lease.entry.key: h for h in (it.some(), it.some())}
        it.end(handouts[1], State.PENDING, entry(1, "away.test", not_before=now() + 3600))
        await it.settled()
        it.end(handouts[2], State.PENDING, entry(2, "b.test", not_before=now() + 2))
        await it.settled()
        await asyncio.sleep(2.1)
        assert it.some().lease.entry.key == 2


@in_virtual_time
async def test_leases_are_renewed_though_nothing_else_happens() -> None:
    async with desk() as it:
        await it.put(entry(1), entry(2, "b.test"))
        one = it.some()
        stale: list[int] = []
        it.buffered.outbox.on_written = lambda written, _: stale.append(written.stale)
        await asyncio.sleep(1000)
        it.end(one)
        await it.settled()
        assert sum(stale) == 0
        assert it.some().lease.attempts == 0, "the buffered one was kept, too"


@in_virtual_time
async def test_a_resting_site_takes_no_place_in_the_buffer() -> None:
    config = BufferConfig(ready=4, per_site=4, batch_s=0.0)
    async with desk(config=config) as it:
        it.permits.rest_until("away.test", now() + 60)
        await it.put(*(entry(n, "away.test") for n in range(50)), entry(99, "b.test"))
        assert it.some().lease.entry.site == "b.test"
        assert len(it.buffered.buffer) == 0
        await asyncio.sleep(60.1)
        assert it.some().lease.entry.site == "away.test"


@in_virtual_time
async def test_a_site_that_was_passed_over_is_claimed_once_a_permit_shows_that_it_is_back() -> None:
    async with desk() as it:
        it.permits.rest_until("away.test", now() + 60)
        await it.put(entry(1, "away.test"))
        it.permits.lift("away.test")
        for site, found in (("b.test", False), ("away.test", True)):
            it.buffered.claims.given_back(site)
            await it.settled()
            assert (it.next() is not None) is found


@in_virtual_time
async def test_nothing_rings_once_it_is_closed() -> None:
    async with desk(rates={"a.test": 1.0}) as it:
        await it.put(entry(1), entry(2), entry(3, "b.test", not_before=now() + 50))
        it.some()
        assert it.next() is None
        await it.buffered.close(finish=False)
        changes = it.changes
        await asyncio.sleep(60)
        assert it.changes == changes


@in_virtual_time
async def test_a_site_at_its_limit_leaves_room_for_others_in_the_buffer() -> None:
    config = BufferConfig(ready=8, per_site=4, max_leases=1000, batch_s=0.0)
    async with desk(limit=1, config=config) as it:
        await it.put(*(entry(n, f"{n % 10}.test") for n in range(100)))
        seen = set()
        for _ in range(10):
            handout = it.some()
            seen.add(handout.lease.entry.site)
            it.end(handout)
            await it.settled()
        assert len(seen) == 10


@in_virtual_time
async def test_the_buffer_never_holds_more_leases_than_its_max() -> None:
    config = BufferConfig(ready=8, per_site=4, max_leases=10, batch_s=0.0)
    async with desk(limit=1, config=config) as it:
        await it.put(*(entry(n, f"{n % 10}.test") for n in range(100)))
        assert len(it.buffered.buffer) <= 10


@in_virtual_time
async def test_what_was_learned_is_written_down_from_time_to_time_and_recalled() -> None:
    frontier = Watched()
    async with desk(frontier) as it:
        await it.put(entry(1), entry(2))
        it.end(it.some())
        await asyncio.sleep(16)
        it.end(it.some())  # a round
        await it.settled()
        assert set(await frontier.notes()) == {"a.test"}
    again = Desk(frontier, {}, 4, BufferConfig(batch_s=0.0))
    await again.buffered.open("job")
    assert isinstance(again.permits._controls._learned["a.test"], Learned)
    await again.buffered.close(finish=False)


@in_virtual_time
async def test_a_rest_is_written_down_at_once() -> None:
    frontier = Watched()
    async with desk(frontier) as it:
        await it.put(entry(1), entry(2, "b.test"))
        it.end(it.some())
        await it.settled()
        it.permits.note("robots.test", Ending(Verdict.THROTTLED, retry_after_s=600.0))
        it.end(it.some())  # a round
        await it.settled()
        noted = learned_from((await frontier.notes())["robots.test"])
        assert noted is not None
        assert noted.rest_until > now() + 590


@in_virtual_time
async def test_what_was_learned_is_written_down_at_the_end() -> None:
    frontier = Watched()
    async with desk(frontier) as it:
        await it.put(entry(1))
        it.end(it.some())
    assert set(await frontier.notes()) == {"a.test"}


@in_virtual_time
async def test_a_malformed_note_is_ignored() -> None:
    frontier = Watched()
    await frontier.note({"a.test": "{broken", "b.test": Learned(3, inf, 0.1, now()).data()})
    async with desk(frontier) as it:
        assert set(it.permits._controls._learned) == {"b.test"}


@in_virtual_time
async def test_traps_that_were_found_are_known_to_the_next_run_but_not_to_the_next_crawl() -> None:
    frontier = Watched()
    found = {"a.test/*?sort=": "nothing new", "b.test/day/#": "no end", f"b.test/{'x' * 999}": ""}
    async with desk(frontier, traps=found) as it:
        await it.put(entry(1))
    async with desk(frontier, traps=(next_run := {"b.test/day/#": "before"})) as it:
        assert next_run == {"b.test/day/#": "no end", "a.test/*?sort=": "nothing new"}
        assert not it.permits._controls._learned, "the notes are not on what sites can bear"
        it.end(it.some())
        await it.settled()
        await it.buffered.close(finish=True)
    next_crawl: dict[str, str] = {}
    async with desk(frontier, traps=next_crawl):
        assert next_crawl == {}


class Slow(Watched):
    """Takes a second for what ``slow`` names."""

    def __init__(self, slow: str) -> None:
        super().__init__()
        self.slow = slow

    async def claim(
        self, limit: int, *, per_site: int, resting: Mapping[str, float], lease_s: float
    ) -> list[Lease]:
        leases = await super().claim(limit, per_site=per_site, resting=resting, lease_s=lease_s)
        await asyncio.sleep(self.slow == "claim")
        return leases

    async def totals(self) -> Totals:
        await asyncio.sleep(self.slow == "totals")
        return await super().totals()


@pytest.mark.parametrize("slow", ["claim", "totals"])
def test_requests_that_end_during_a_round_make_room_for_the_next_claim(slow: str) -> None:
    @in_virtual_time
    async def test() -> None:
        async with desk(Slow(slow), config=BufferConfig(per_site=2, batch_s=0.0)) as it:
            await it.put(*(entry(n) for n in range(4)))
            await asyncio.sleep(5)
            handouts = [it.some(), it.some()]
            await asyncio.sleep(0.5)  # a claim that can bring nothing, as both leases are out
            for handout in handouts:
                it.end(handout)
            await asyncio.sleep(8)
            assert it.next() is not None

    test()


@in_virtual_time
async def test_a_failed_frontier_is_reported_once_and_never_written_to_again() -> None:
    frontier = Watched()
    async with desk(frontier) as it:
        frontier.broken = True
        await it.put(entry(1))
        frontier.broken = False
        await it.put(entry(2))
        assert [str(error) for error in it.failures] == ["the disk is full"]
        assert not it.buffered.pending
        assert not await it.buffered.seeds.wait()
        assert not await it.buffered.close(finish=True)
    assert frontier.writes == []


@in_virtual_time
async def test_producers_wait_while_too_much_is_pending() -> None:
    async with desk(config=BufferConfig(max_pending=2, per_site=2, batch_s=0.0)) as it:
        assert await it.buffered.seeds.wait()
        await it.put(*(entry(n) for n in range(4)))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(it.buffered.seeds.wait(), 10)
        for _ in range(2):
            it.end(it.some())
            await it.settled()
        assert await asyncio.wait_for(it.buffered.seeds.wait(), 10)
        it.buffered.seeds.close()
        assert not await it.buffered.seeds.wait()


@in_virtual_time
async def test_closing_writes_the_outbox_and_gives_the_buffer_back_uncounted() -> None:
    frontier = Watched()
    async with desk(frontier) as it:
        await it.put(entry(1), entry(2))
        it.end(it.some())
        it.buffered.put(entry(3))
    totals = await frontier.totals()
    assert (totals.done, totals.pending, totals.leased) == (1, 2, 0)
    assert (await frontier.open("job")).resumed
    leases = await frontier.claim(9, per_site=9, resting={}, lease_s=9)
    assert [lease.attempts for lease in leases] == [0, 0]


@in_virtual_time
async def test_closing_may_skip_what_is_left_and_end_the_generation() -> None:
    frontier = Watched()
    it = Desk(frontier, {}, 4, BufferConfig(per_site=2, batch_s=0.0))
    await it.buffered.open("job")
    await it.put(*(entry(n) for n in range(5)))
    it.end(it.some())
    assert await it.buffered.close(finish=True, skip_rest="max-pages")
    totals = await frontier.totals()
    assert (totals.done, totals.skipped) == (1, {"max-pages": 4})
    assert not (await frontier.open("job")).resumed
