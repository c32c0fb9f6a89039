"""A worker that obeys the commands of its job, in virtual time over the reference frontier."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from crawlproj.errors import FrontierError
from crawlproj.frontier.base import Ack, Entry, State
from crawlproj.frontier.commands import SKIPPED_BY_COMMAND, Command, Selection, Verb
from crawlproj.scheduling.changes import Changes
from tests.frontier.helpers import entry
from tests.frontier.virtual import now
from tests.scheduling.desk import Watched, in_virtual_time
from tests.scheduling.steered import crawl

if TYPE_CHECKING:
    from crawlproj.frontier.base import Lease


@in_virtual_time
async def test_a_paused_site_rests_and_goes_on_when_it_is_resumed() -> None:
    async with crawl() as it:
        await it.it.put(entry(1, "a.test"), entry(2, "b.test"))
        await it.obeyed(Verb.PAUSE, site="a.test")
        assert it.started() == [2]
        assert it.it.buffered.pending
        await it.obeyed(Verb.RESUME, site="*")
        assert it.started() == [1]


@in_virtual_time
async def test_a_site_that_waits_for_a_login_rests_whatever_users_command() -> None:
    async with crawl() as it:
        await it.it.put(entry(1, "a.test"), entry(2, "b.test"), entry(3, "c.test"))
        it.steering.pause_for_login(lambda site: site == "a.test")
        assert it.steering.awaits_login("a.test")
        await it.obeyed(Verb.PAUSE, site="b.test")
        assert it.started() == [3]
        await it.obeyed(Verb.RESUME, site="*")
        assert it.started() == [2]
        await it.obeyed(Verb.PAUSE, site="b.test")
        await it.it.put(entry(4, "b.test"))
        it.steering.pause_for_login(None)
        await asyncio.sleep(1)
        assert it.started() == [1]


@in_virtual_time
async def test_leases_of_a_paused_site_go_back_uncounted() -> None:
    async with crawl() as it:
        await it.it.put(*(entry(n, "a.test") for n in range(8)))
        assert len(it.it.buffered.buffer) == 8
        await it.obeyed(Verb.PAUSE, site="*")
        totals = await it.frontier.totals()
        assert (len(it.it.buffered.buffer), totals.pending, totals.leased) == (0, 8, 0)
        await it.obeyed(Verb.RESUME, site="*")
        assert {lease.attempts for lease in it.it.buffered.buffer} == {0}


@in_virtual_time
async def test_a_command_is_obeyed_within_two_seconds_and_acknowledged_by_this_worker() -> None:
    async with crawl() as it:
        await it.it.put(entry(1, "a.test"))
        number = await it.say(Verb.PAUSE, site="a.test")
        given = now()
        await asyncio.sleep(2)
        record = await it.frontier.record(number)
        assert record is not None
        (result,) = record.results
        assert result.worker == it.steering.name
        assert result.at <= given + 2
        assert it.started() == []


@in_virtual_time
async def test_a_pause_ends_at_its_time() -> None:
    async with crawl() as it:
        await it.it.put(entry(1, "a.test"))
        await it.obeyed(Verb.PAUSE, site="a.test", until=now() + 60)
        assert it.started() == []
        await asyncio.sleep(62)
        assert it.started() == [1]


@in_virtual_time
async def test_pauses_and_limits_survive_a_restart_and_drains_do_not() -> None:
    frontier = Watched()
    async with crawl(frontier) as it:
        await it.it.put(*(entry(n, f"{site}.test") for n, site in enumerate("abc")))
        await it.obeyed(Verb.PAUSE, site="a.test")
        await it.obeyed(Verb.DRAIN, site="b.test")
        await it.obeyed(Verb.LIMIT, site="c.test", limit=1)
    async with crawl(frontier) as it:
        await it.it.put(entry(9, "c.test"))
        await asyncio.sleep(1)
        assert it.started() == [1, 2]  # c.test has one in flight, a.test none
        assert it.permits.free("c.test") == 0


@in_virtual_time
async def test_a_limit_changes_what_is_running_and_what_comes_later() -> None:
    async with crawl() as it:
        await it.it.put(*(entry(n, "a.test") for n in range(20)))
        assert len(it.started()) == 2
        await it.obeyed(Verb.LIMIT, site="*.test", max=3, rate=2.0, delay=5)
        control = it.permits.control_of("a.test")
        assert control is not None
        assert (control.estimator.bounds.max, control.delay_s) == (3, 5)
        assert control.rate == 0.2
        assert it.limits.of("later.test").max == 3
        await it.obeyed(Verb.LIMIT, site="a.test", reset=True)
        assert control.estimator.bounds.max == 4
        assert (control.delay_s, it.limits.delay_of("a.test")) == (0, 0)


@in_virtual_time
async def test_a_limit_that_stays_keeps_its_estimator() -> None:
    async with crawl() as it:
        await it.it.put(entry(1, "a.test"))
        it.started()
        await it.obeyed(Verb.LIMIT, site="a.test", max=3)
        control = it.permits.control_of("a.test")
        assert control is not None
        estimator = control.estimator
        await it.obeyed(Verb.LIMIT, site="a.test", rate=5)
        await it.obeyed(Verb.PAUSE, site="b.test")
        assert control.estimator is estimator


@in_virtual_time
async def test_skip_takes_pending_buffered_and_later_urls() -> None:
    async with crawl() as it:
        await it.it.put(*(entry(n, "a.test") for n in range(1, 10)))
        await it.frontier.write([entry(50, "a.test", not_before=now() + 3600)], [])
        await it.obeyed(Verb.SKIP, pattern="re:/[1-5]")
        await it.it.put(entry(11, "a.test"), entry(61, "a.test"))
        await asyncio.sleep(1)
        totals = await it.frontier.totals()
        assert totals.skipped == {SKIPPED_BY_COMMAND: 7}
        assert {lease.entry.key for lease in it.it.buffered.buffer} == {6, 7, 8, 9, 61}


@in_virtual_time
async def test_requeued_urls_are_fetched_again_also_of_a_site_that_was_given_up() -> None:
    async with crawl() as it:
        await it.it.put(entry(1, "a.test"))
        it.it.end(it.it.some(), State.DONE)
        await asyncio.sleep(1)
        await it.frontier.write([entry(2, "a.test")], [])
        (lease,) = await it.frontier.claim(1, per_site=9, resting={}, lease_s=30)
        await it.frontier.write([], [Ack(lease.id, State.FAILED, "site-away")])
        it.patience.on_away("a.test", 1e6, answered=True)
        assert it.patience.given_up("a.test") is not None
        preview = await it.frontier.preview(Verb.REQUEUE, Selection("site-away"))
        await it.obeyed(Verb.REQUEUE, preview.token, reason="site-away")
        assert it.patience.given_up("a.test") is None
        assert it.started() == [2]


@in_virtual_time
async def test_added_urls_are_fetched_and_known_ones_are_not_counted() -> None:
    async with crawl() as it:
        number = await it.say(Verb.ADD, urls=["http://new.test/1", "http://new.test/2"])
        await it.steering.look()
        again = await it.say(Verb.ADD, urls=["http://new.test/2", "http://new.test/3"], priority=5)
        await asyncio.sleep(2)
        records = [await it.frontier.record(one) for one in (number, again)]
        assert [record.results[0].urls for record in records if record] == [2, 1]
        assert len(await it.frontier.waiting()) == 0
        assert len(it.it.buffered.buffer) == 3


@in_virtual_time
async def test_a_command_that_one_worker_has_applied_is_not_applied_again_by_another() -> None:
    async with crawl() as it:
        parts = (it.frontier, it.books, lambda url, _: Entry(hash(url), "new.test", url))
        workers = [Changes(*parts, name, spider=None) for name in ("first", "second")]
        number = await it.say(Verb.ADD, urls=["http://new.test/1"])
        for each in workers:
            await each.begin()
        assert [await each.apply() for each in workers] == [True, True]
        assert [bool(each) for each in workers] == [False, False]
        record = await it.frontier.record(number)
        assert record is not None
        assert [result.worker for result in record.results] == ["first"]


@in_virtual_time
async def test_what_was_commanded_while_no_crawl_ran_is_obeyed_before_it_begins() -> None:
    frontier = Watched()
    await frontier.open("job")
    await frontier.write([entry(1, "a.test"), entry(2, "b.test")], [])
    await frontier.append(Command(Verb.SKIP, {"site": "a.test"}, "ann", 0.0))
    await frontier.append(Command(Verb.PAUSE, {"site": "b.test"}, "ann", 0.0))
    async with crawl(frontier) as it:
        await asyncio.sleep(1)
        assert it.started() == []
        assert (await frontier.totals()).skipped == {SKIPPED_BY_COMMAND: 1}


@in_virtual_time
async def test_a_drained_worker_ends_once_nothing_is_in_flight() -> None:
    async with crawl() as it:
        await it.it.put(entry(1, "a.test"))
        it.idle = False
        await it.obeyed(Verb.DRAIN, site="*", worker=it.steering.name)
        assert (it.started(), it.ended) == ([], [])
        it.idle = True
        await asyncio.sleep(2)
        assert it.ended == ["drained"]
        await asyncio.sleep(5)
        assert it.ended == ["drained"]


@in_virtual_time
async def test_a_drain_of_another_worker_changes_nothing_and_is_not_answered() -> None:
    async with crawl() as it:
        await it.it.put(entry(1, "a.test"))
        number = await it.say(Verb.DRAIN, site="*", worker="other:1")
        await asyncio.sleep(3)
        assert (it.ended, it.started()) == ([], [1])
        record = await it.frontier.record(number)
        assert record is not None
        assert record.results == ()


@in_virtual_time
async def test_a_drain_does_not_wait_for_ever_for_what_is_in_flight() -> None:
    async with crawl() as it:
        it.idle = False
        await it.obeyed(Verb.DRAIN, site="*")
        await asyncio.sleep(58)
        assert it.ended == []
        await asyncio.sleep(3)
        assert it.ended == ["drained"]


@in_virtual_time
async def test_a_drained_crawl_that_is_resumed_goes_on() -> None:
    async with crawl() as it:
        await it.it.put(entry(1, "a.test"))
        it.idle = False
        await it.obeyed(Verb.DRAIN, site="*")
        await it.obeyed(Verb.RESUME, site="*")
        it.idle = True
        await asyncio.sleep(120)
        assert (it.ended, it.started()) == ([], [1])


@in_virtual_time
async def test_a_crawl_does_not_wait_for_a_drained_site() -> None:
    async with crawl() as it:
        await it.it.put(entry(1, "a.test"), entry(2, "b.test"))
        it.idle = False
        await it.obeyed(Verb.DRAIN, site="a.test")
        handout = it.it.some()
        await asyncio.sleep(3)
        assert it.waits()
        it.it.end(handout)
        it.idle = True
        await asyncio.sleep(3)
        assert not it.waits()
        await it.obeyed(Verb.RESUME, site="a.test")
        assert it.waits()
        assert it.started() == [1]


@in_virtual_time
async def test_a_frontier_that_fails_once_is_asked_again() -> None:
    fails: list[str] = []

    class Failing(Watched):
        async def commands(self, after: int = 0) -> list[Command]:
            if fails:
                raise FrontierError(fails.pop())
            return await super().commands(after)

    async with crawl(Failing()) as it:
        await it.it.put(entry(1, "a.test"))
        fails += ["the disk is full"] * 2
        await it.say(Verb.PAUSE, site="a.test")
        await asyncio.sleep(5)
        assert it.started() == []


@in_virtual_time
async def test_a_log_that_lost_its_end_is_read_again_because_ids_are_given_again() -> None:
    async with crawl() as it:
        await it.it.put(entry(1, "a.test"), entry(2, "b.test"))
        await it.obeyed(Verb.PAUSE, site="c.test")
        await it.obeyed(Verb.PAUSE, site="b.test")
        del it.frontier._log[-1]  # as after a kill of its server
        assert await it.say(Verb.PAUSE, site="a.test") == 2
        await asyncio.sleep(3)
        assert it.started() == [2]
        it.frontier._log.clear()
        await asyncio.sleep(3)
        assert it.started() == [1]


@in_virtual_time
async def test_a_worker_is_seen_as_long_as_it_works() -> None:
    frontier = Watched()
    async with crawl(frontier) as it:
        await it.steering.publish("{}", "[]")
        assert [one.worker for one in await frontier.workers(0.0)] == [it.steering.name]
    await it.steering.publish("{}", "[]")
    assert await frontier.workers(0.0) == []


@in_virtual_time
async def test_without_commands_a_lease_is_not_looked_at() -> None:
    async with crawl() as it:
        leases: list[Lease] = []
        assert it.steering.sift(leases) is leases
