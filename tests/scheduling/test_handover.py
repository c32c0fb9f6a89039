"""A worker of a shared frontier among others, in virtual time."""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING

import pytest

from crawlproj.errors import FrontierError
from crawlproj.frontier.base import Ack, Lease, News, State
from crawlproj.limits.learned import Learned
from crawlproj.scheduling.buffer_config import BufferConfig
from tests.frontier.helpers import entry
from tests.frontier.virtual import now
from tests.scheduling.desk import OK, Watched, desk, in_virtual_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Shared(Watched):
    """The reference frontier as one worker sees it; what the others do is put in by hand."""

    shared = True

    def __init__(self) -> None:
        super().__init__()
        self.news = News()
        self.ceded: dict[str, float] = {}
        self.spares: list[str] = []
        self.away = False

    def take_news(self) -> News:
        news, self.news = self.news, News(surplus=self.news.surplus)
        return news

    async def claim(
        self, limit: int, *, per_site: int, resting: Mapping[str, float], lease_s: float
    ) -> list[Lease]:
        not_mine = dict.fromkeys(self.ceded, inf)
        return await super().claim(
            limit, per_site=per_site, resting={**resting, **not_mine}, lease_s=lease_s
        )

    async def renew(self, lease_ids: Sequence[int], *, lease_s: float) -> set[int]:
        while self.away:
            await asyncio.sleep(0.25)
        return await super().renew(lease_ids, lease_s=lease_s)

    async def spare(self, number: int) -> list[str]:
        return self.spares[:number]

    async def cede(self, sites: Mapping[str, float]) -> set[str]:
        left = {site: when for site, when in sites.items() if site not in self.ceded}
        self.ceded.update(left)
        self.news.surplus -= len(left)
        return set(left)


CONFIG = BufferConfig(batch_s=0.0, lease_s=30.0, poll_s=0.25)


@in_virtual_time
async def test_a_worker_waits_while_others_hold_leases_and_finds_what_they_put() -> None:
    frontier = Shared()
    async with desk(frontier, config=CONFIG) as it:
        await frontier.write([entry(1, "theirs.test")], [])
        (lease,) = await frontier.claim(1, per_site=1, resting={}, lease_s=3600)
        await asyncio.sleep(1)
        assert it.next() is None
        assert it.buffered.pending, "that page may have links"
        await frontier.write([entry(2)], [Ack(lease.id, State.DONE)])
        await asyncio.sleep(0.3)
        handout = it.some()
        it.end(handout)
        await asyncio.sleep(0.3)
        assert not it.buffered.pending


@in_virtual_time
async def test_nothing_is_started_on_leases_that_may_have_expired_in_a_stall() -> None:
    frontier = Shared()
    async with desk(frontier, config=CONFIG) as it:
        await it.put(entry(1), entry(2))
        it.end(it.some())
        loop = asyncio.get_running_loop()
        loop._jumping.now += 29  # type: ignore[attr-defined]
        assert it.next() is None
        await asyncio.sleep(0.3)
        assert it.next() is not None, "they were renewed in time after all"


@in_virtual_time
async def test_after_a_stall_nothing_starts_before_the_lost_leases_are_known() -> None:
    class Slow(Shared):
        async def renew(self, lease_ids: Sequence[int], *, lease_s: float) -> set[int]:
            await asyncio.sleep(1)
            return await super().renew(lease_ids, lease_s=lease_s)

    async with desk(Slow(), config=CONFIG) as it:
        await it.put(entry(1), entry(2))
        it.end(it.some())
        loop = asyncio.get_running_loop()
        loop._jumping.now += 29  # type: ignore[attr-defined]
        await asyncio.sleep(0.8)
        assert it.next() is None
        await asyncio.sleep(0.8)
        assert it.next() is not None


@in_virtual_time
async def test_a_gained_site_begins_where_its_last_worker_left_off() -> None:
    frontier = Shared()
    gained: list[str] = []

    async def on_gained(sites: Iterable[str]) -> None:
        gained.extend(sites)

    async with desk(frontier, config=CONFIG, on_gained=on_gained) as it:
        await frontier.note({"b.test": Learned(1.0, inf, 0.1, now(), delay_s=4.0).data()})
        frontier.news = News(gained={"a.test": now() + 5, "b.test": None})
        await it.put(entry(1, "a.test"), entry(2, "b.test"), entry(3, "c.test"))
        sites = [it.some().lease.entry.site]
        assert it.next() is None
        await asyncio.sleep(3.1)
        assert it.next() is None
        await asyncio.sleep(1)
        sites.append(it.some().lease.entry.site)
        await asyncio.sleep(1)
        sites.append(it.some().lease.entry.site)
        assert sites == ["c.test", "b.test", "a.test"], "b waited the 4 s that it asked for"
    assert gained == ["a.test", "b.test"]


@in_virtual_time
async def test_a_store_that_does_not_answer_holds_up_no_gained_site_for_long() -> None:
    frontier = Shared()

    async def on_gained(_: Iterable[str]) -> None:
        await asyncio.Event().wait()

    async with desk(frontier, config=CONFIG, on_gained=on_gained) as it:
        frontier.news = News(gained={"a.test": now()})
        await it.put(entry(1, "a.test"))
        await asyncio.sleep(6)
        assert it.next() is not None


@in_virtual_time
async def test_a_site_of_a_silent_worker_begins_with_one_request() -> None:
    """That worker may be suspended, and the site at work on its last requests."""
    frontier = Shared()
    async with desk(frontier, config=CONFIG) as it:
        frontier.news = News(gained={"a.test": None, "b.test": now()})
        await it.put(*(entry(n, "a.test") for n in range(1, 9)))
        await asyncio.sleep(3.1)  # the delay
        in_flight = [it.some()]
        for answered in range(3):
            assert it.next() is None
            assert len(in_flight) == answered + 1
            it.end(in_flight.pop())
            await it.settled()
            in_flight += [it.some() for _ in range(2)]
        await it.put(*(entry(n, "b.test") for n in range(10, 14)))
        for handout in in_flight:
            it.end(handout)
        await it.settled()
        sites = [it.some().lease.entry.site for _ in range(4)]
        assert sites.count("b.test") > 1, "b was left in order"


@in_virtual_time
async def test_requests_whose_leases_are_lost_are_reported() -> None:
    frontier = Shared()
    async with desk(frontier, config=CONFIG) as it:
        await it.put(entry(1), entry(2))
        handout = it.some()
        frontier.away = True
        await asyncio.sleep(28)
        assert not it.lost
        await asyncio.sleep(1)
        assert handout.lease.id in it.lost, "before 30 s, when others may have it"
        assert it.next() is None
        assert not it.buffered.held.valid
        frontier.away = False
        await asyncio.sleep(1)
        assert it.buffered.held.valid


@in_virtual_time
async def test_after_a_restart_of_the_server_nothing_starts_before_the_leases_are_renewed() -> None:
    frontier = Shared()
    async with desk(frontier, config=CONFIG) as it:
        await it.put(entry(1), entry(2), entry(3))
        it.end(it.some())
        frontier.away = True
        frontier.news = News(forgotten=True)
        await asyncio.sleep(1.1)
        assert it.next() is None
        frontier.away = False
        await asyncio.sleep(0.3)
        assert it.next() is not None


@in_virtual_time
async def test_a_worker_first_cedes_sites_without_leases() -> None:
    frontier = Shared()
    async with desk(frontier, config=CONFIG) as it:
        await it.put(entry(1, "a.test"))
        handout = it.some()
        frontier.spares = ["b.test"]
        frontier.news = News(surplus=1)
        await asyncio.sleep(0.3)
        assert list(frontier.ceded) == ["b.test"]
        it.end(handout)


@in_virtual_time
async def test_a_ceded_site_whose_permits_its_neighbours_hold_may_be_served_at_once() -> None:
    frontier = Shared()
    async with desk(frontier, config=CONFIG) as it:
        while it.permits.take_free("a.test"):  # as one on the same address would
            pass
        frontier.spares = ["a.test"]
        frontier.news = News(surplus=1)
        await asyncio.sleep(0.3)
        assert 0 < frontier.ceded["a.test"] <= now()


@in_virtual_time
async def test_a_site_being_left_ends_its_requests_and_gives_waiting_leases_back() -> None:
    frontier = Shared()
    async with desk(frontier, config=CONFIG) as it:
        await it.put(*(entry(n, "a.test") for n in range(10)))
        handout = it.some()
        frontier.news = News(surplus=1)
        it.buffered.put(entry(99, "b.test"))
        await asyncio.sleep(0.3)
        assert it.some().lease.entry.site == "b.test"
        assert it.next() is None, "nothing of it is started any more"
        assert frontier.ceded == {}
        it.end(handout)
        await asyncio.sleep(0.3)
        assert list(frontier.ceded) == ["a.test"]
        frontier.ceded.clear()
        leases = await frontier.claim(99, per_site=99, resting={}, lease_s=9)
        assert {lease.attempts for lease in leases} == {0}, "given back unused"


@in_virtual_time
async def test_a_site_is_left_once_its_requests_are_answered_even_if_a_page_is_parsed() -> None:
    frontier = Shared()
    async with desk(frontier, config=CONFIG) as it:
        await it.put(entry(1, "a.test"))
        handout = it.some()
        frontier.news = News(surplus=1)
        it.buffered.put(entry(99, "b.test"))
        await asyncio.sleep(0.3)
        assert frontier.ceded == {}
        it.buffered.release("a.test", handout.permit, OK)
        it.buffered.put(entry(2, "a.test"))
        await asyncio.sleep(0.3)
        assert list(frontier.ceded) == ["a.test"]
        it.buffered.ack(Ack(handout.lease.id, State.DONE), "a.test")


@in_virtual_time
async def test_a_site_that_was_left_is_not_left_again_instead_of_another() -> None:
    frontier = Shared()
    async with desk(frontier, config=CONFIG) as it:
        await it.put(entry(1, "a.test"), entry(2, "b.test"))
        parsing = [it.some(), it.some()]
        for handout in parsing:
            it.buffered.release(handout.lease.entry.site, handout.permit, OK)
        for number in (1, 2):
            frontier.news = News(surplus=1)
            await asyncio.sleep(0.5)
            assert len(frontier.ceded) == number
        for handout in parsing:
            it.buffered.ack(Ack(handout.lease.id, State.DONE), handout.lease.entry.site)


@in_virtual_time
async def test_a_site_that_no_worker_takes_is_worked_on_again() -> None:
    class Refusing(Shared):
        async def cede(self, sites: Mapping[str, float]) -> set[str]:
            self.news.surplus = 0  # who wanted it is gone
            return set()

    frontier = Refusing()
    async with desk(frontier, config=CONFIG) as it:
        await it.put(*(entry(n, "a.test") for n in range(3)))
        handout = it.some()
        frontier.news = News(surplus=1)
        it.buffered.put(entry(99, "b.test"))
        await asyncio.sleep(0.3)
        it.end(handout)
        await asyncio.sleep(3)
        assert {it.some().lease.entry.site for _ in range(3)} == {"a.test", "b.test"}


@in_virtual_time
async def test_a_site_that_no_worker_wants_any_more_is_kept() -> None:
    frontier = Shared()
    async with desk(frontier, config=CONFIG) as it:
        await it.put(*(entry(n, "a.test") for n in range(3)))
        handout = it.some()
        frontier.news = News(surplus=1)
        it.buffered.put(entry(99, "b.test"))
        await asyncio.sleep(0.3)
        frontier.news = News()
        it.end(handout)
        await asyncio.sleep(3)
        assert frontier.ceded == {}
        assert {it.some().lease.entry.site for _ in range(3)} == {"a.test", "b.test"}


@in_virtual_time
async def test_a_restarted_server_empties_the_sieve() -> None:
    frontier = Shared()
    async with desk(frontier, config=CONFIG) as it:
        frontier.news = News(forgotten=True)
        await it.put(entry(1))
        assert it.forgotten == 1


def puts_of(frontier: Watched, key: int) -> int:
    """Return how often an entry was written."""
    return [each for keys, _ in frontier.writes for each in keys].count(key)


@in_virtual_time
async def test_what_the_server_may_have_forgotten_is_put_again() -> None:
    frontier = Shared()
    async with desk(frontier, config=CONFIG) as it:
        await it.put(entry(1))
        frontier.news = News(forgotten=True)
        await it.put(entry(2))
        assert puts_of(frontier, 1) == 2


@in_virtual_time
async def test_what_the_server_may_have_forgotten_is_put_again_before_the_end() -> None:
    frontier = Shared()
    async with desk(frontier, config=CONFIG) as it:
        await it.put(entry(1))
        frontier.news = News(forgotten=True)
    assert puts_of(frontier, 1) == 2


@in_virtual_time
async def test_flushed_returns_when_every_entry_is_written() -> None:
    frontier = Shared()
    async with desk(frontier, config=CONFIG) as it:
        it.buffered.put(entry(1))
        await it.buffered.flushed()
        assert frontier.writes == [([1], [])]


@in_virtual_time
async def test_flushed_returns_when_the_frontier_is_closed_in_order() -> None:
    frontier = Shared()
    async with desk(frontier, config=CONFIG) as it:
        it.buffered.put(entry(1))
        waiting = asyncio.ensure_future(it.buffered.flushed())
        await it.buffered.close(finish=False)
        await asyncio.wait_for(waiting, 1)
        assert frontier.writes == [([1], [])]
        await asyncio.wait_for(it.buffered.flushed(), 1)


@in_virtual_time
async def test_flushed_fails_with_the_frontier() -> None:
    frontier = Shared()
    async with desk(frontier, config=CONFIG) as it:
        frontier.broken = True
        it.buffered.put(entry(1))
        with pytest.raises(FrontierError):
            await it.buffered.flushed()
        with pytest.raises(FrontierError):
            await it.buffered.flushed()


@in_virtual_time
async def test_rounds_let_work_gather_while_there_is_enough_to_do() -> None:
    frontier = Shared()
    config = BufferConfig(batch_s=0.1, batch=8, lease_s=30.0)
    async with desk(frontier, limit=100, config=config) as it:
        await it.put(*(entry(n, f"{n}.test") for n in range(60)))
        await asyncio.sleep(1)
        frontier.writes.clear()
        for _ in range(40):
            it.end(it.some())
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        assert sum(len(acks) for _, acks in frontier.writes) == 40
        assert len(frontier.writes) <= 7
