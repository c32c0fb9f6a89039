"""A lane admits as many as its limit says, lets few wait, and ends what takes too long."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.limits.base import Bounds, Outcome
from crawlproj.limits.fixed import Fixed
from crawlproj.serve.database.base import TookTooLong
from crawlproj.serve.lanes.lane import Lane, LaneBusy, OutOfTime
from crawlproj.serve.lanes.sizes import Sizes
from tests.frontier.virtual import now, run_virtually, stall

if TYPE_CHECKING:
    from crawlproj.limits.base import Sample


class Watched(Fixed):
    """A limit that stays, and remembers how queries ended."""

    def __init__(self, limit: int) -> None:
        super().__init__(Bounds(start=limit, min=1, max=limit))
        self.outcomes: list[Outcome] = []
        self.withdrawn = 0

    def on_sample(self, sample: Sample) -> None:
        self.outcomes.append(sample.outcome)

    def on_withdrawn(self, start: Any, in_flight: int) -> None:
        self.withdrawn += 1


def lane(
    limit: Watched,
    *,
    queue: int = 2,
    patience_s: float = 30.0,
    limit_s: float = 30.0,
    heavy: bool = False,
) -> Lane:
    return Lane(
        limit,
        queue=queue,
        patience_s=patience_s,
        limit_s=limit_s,
        heavy=heavy,
        clock=now,
    )


async def go(lane: Lane, work: Any, *, ahead: bool = False) -> Any:
    """Wait for a turn, and run."""
    async with lane.turn(ahead=ahead):
        return await lane.run(work)


async def turns(number: int = 3) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


class Gate:
    """Work that notes its name and waits until it is let go."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.open = asyncio.Event()

    def work(self, name: str) -> Any:
        async def go() -> str:
            self.began.append(name)
            await self.open.wait()
            return name

        return go


def test_beyond_the_limit_queries_wait_in_turn_and_beyond_the_queue_they_are_refused() -> None:
    async def scene() -> None:
        gate, limit = Gate(), Watched(2)
        narrow = lane(limit)
        tasks = [asyncio.ensure_future(go(narrow, gate.work(name))) for name in "abcd"]
        await turns()
        assert gate.began == ["a", "b"]
        with pytest.raises(LaneBusy) as raised:
            await go(narrow, gate.work("e"))
        assert raised.value.retry_after_s >= 1
        assert (narrow.state().running, narrow.state().waiting, narrow.state().refused) == (2, 2, 1)
        gate.open.set()
        assert await asyncio.gather(*tasks) == list("abcd")
        assert gate.began == list("abcd")
        assert limit.outcomes == [Outcome.SUCCESS] * 4
        assert (narrow.state().running, narrow.state().done) == (0, 4)

    run_virtually(scene())


def test_the_servers_own_work_waits_at_the_front_however_many_wait() -> None:
    async def scene() -> None:
        gate = Gate()
        narrow = lane(Watched(1))
        tasks = [asyncio.ensure_future(go(narrow, gate.work(name))) for name in "abc"]
        await turns()
        tasks.append(asyncio.ensure_future(go(narrow, gate.work("own"), ahead=True)))
        await turns()
        gate.open.set()
        await asyncio.gather(*tasks)
        assert gate.began == ["a", "own", "b", "c"]

    run_virtually(scene())


def test_a_query_that_runs_too_long_is_cancelled() -> None:
    async def scene() -> None:
        gate, limit, heavy_limit = Gate(), Watched(1), Watched(1)
        fast = lane(limit, limit_s=0.01)
        with pytest.raises(OutOfTime):
            await go(fast, gate.work("a"))
        assert limit.outcomes == [Outcome.DROPPED]
        assert (fast.state().running, fast.state().out_of_time) == (0, 1)
        with pytest.raises(OutOfTime):
            await go(lane(heavy_limit, limit_s=0.01, heavy=True), gate.work("a"))
        assert (heavy_limit.outcomes, heavy_limit.withdrawn) == ([], 1)

    run_virtually(scene())


def test_a_query_that_the_database_itself_stops_at_the_limit_ran_too_long() -> None:
    async def scene() -> None:
        async def work() -> None:
            raise TookTooLong("stopped")

        limit = Watched(1)
        fast = lane(limit)
        with pytest.raises(OutOfTime):
            await go(fast, work)
        assert (fast.state().out_of_time, limit.outcomes) == (1, [Outcome.DROPPED])

    run_virtually(scene())


def test_a_query_that_waits_for_this_process_is_neither_cancelled_nor_taken_for_slow() -> None:
    async def scene() -> None:
        loop, limit = asyncio.get_running_loop(), Watched(1)
        fast = lane(limit, limit_s=0.05)
        began = loop.time()

        async def work() -> str:
            await asyncio.sleep(0.12)  # for a thread, for example
            return "late"

        async with fast.turn():
            assert await fast.run(work, lambda: loop.time() - began) == "late"
        assert limit.outcomes == [Outcome.SUCCESS]
        assert fast.state().longest_s < 0.12

    run_virtually(scene())


def test_a_stall_of_the_event_loop_cancels_nothing() -> None:
    async def scene() -> None:
        loop, fast = asyncio.get_running_loop(), lane(Watched(2), limit_s=0.1)
        answers = [loop.create_future() for _ in "ab"]

        def long_callback() -> None:
            stall(0.5)  # both have their answers then, and the time of both is over
            for answer in answers:
                loop.call_later(0.01, answer.set_result, "in time")

        loop.call_later(0.01, long_callback)  # while both run
        queries = (go(fast, lambda answer=answer: answer) for answer in answers)
        assert await asyncio.gather(*queries) == ["in time"] * 2
        assert fast.state().out_of_time == 0

    run_virtually(scene())


def test_a_query_that_this_process_never_gets_to_ends_all_the_same() -> None:
    async def scene() -> None:
        loop, limit = asyncio.get_running_loop(), Watched(1)
        fast = lane(limit, limit_s=0.01)
        began = loop.time()
        with pytest.raises(OutOfTime):
            async with fast.turn():
                await fast.run(asyncio.Event().wait, lambda: loop.time() - began)
        assert loop.time() - began >= 0.04

    run_virtually(scene())


def test_the_timeout_of_the_work_itself_is_not_taken_for_the_lanes() -> None:
    async def scene() -> None:
        async def work() -> None:
            raise TimeoutError("of the driver")

        with pytest.raises(TimeoutError, match="of the driver"):
            await go(lane(Watched(1)), work)

    run_virtually(scene())


def test_who_must_expect_to_wait_too_long_is_refused_at_once() -> None:
    async def scene() -> None:
        time = 0.0
        gate = Gate()
        slow = Lane(
            Watched(1), queue=8, patience_s=5.0, limit_s=60.0, heavy=True, clock=lambda: time
        )
        for _ in range(20):  # each takes three seconds
            async with slow.turn():
                began = asyncio.ensure_future(slow.run(gate.work("a")))
                await turns()
                time += 3.0
                gate.open.set()
                await began
                gate.open.clear()
        tasks = [asyncio.ensure_future(go(slow, gate.work(name))) for name in "ab"]
        await turns()
        with pytest.raises(LaneBusy) as raised:
            await go(slow, gate.work("c"))
        assert raised.value.retry_after_s == pytest.approx(6.0, rel=0.1)
        gate.open.set()
        assert await asyncio.gather(*tasks) == ["a", "b"]

    run_virtually(scene())


def test_a_turn_that_does_not_come_in_time_is_given_up() -> None:
    async def scene() -> None:
        gate = Gate()
        narrow = lane(Watched(1), patience_s=0.01)
        running = asyncio.ensure_future(go(narrow, gate.work("a")))
        await turns()
        with pytest.raises(LaneBusy):
            await go(narrow, gate.work("b"))
        assert narrow.state().waiting == 0
        gate.open.set()
        await running
        assert gate.began == ["a"]

    run_virtually(scene())


def test_a_client_that_goes_away_frees_its_place() -> None:
    async def scene() -> None:
        gate, limit = Gate(), Watched(1)
        narrow = lane(limit)
        first, second, third = (
            asyncio.ensure_future(go(narrow, gate.work(name))) for name in "abc"
        )
        await turns()
        second.cancel()  # while it waits
        await turns()
        first.cancel()  # while it runs
        await turns(5)
        assert gate.began == ["a", "c"]
        assert (narrow.state().abandoned, limit.withdrawn) == (2, 1)
        gate.open.set()
        assert await third == "c"
        assert narrow.state().running == 0

    run_virtually(scene())


def test_a_client_that_goes_away_as_its_turn_comes_passes_it_on() -> None:
    async def scene() -> None:
        gate = Gate()
        narrow = lane(Watched(1))
        first, second, third = (
            asyncio.ensure_future(go(narrow, gate.work(name))) for name in "abc"
        )
        await turns()
        gate.open.set()
        while not first.done():
            await asyncio.sleep(0)
        second.cancel()  # admitted, and not running yet
        assert await third == "c"
        assert narrow.state().running == 0

    run_virtually(scene())


def test_the_lanes_limits_are_found_by_the_projects_own_estimator() -> None:
    async def scene() -> None:
        fast = Sizes(fast=8).fast_lane()

        async def work() -> None:
            await asyncio.sleep(0.002)

        async def client() -> None:
            for _ in range(40):
                await go(fast, work)
                limits.append(fast.state().limit)

        limits = [fast.state().limit]
        await asyncio.gather(*(client() for _ in range(10)))
        assert max(limits) > limits[0]  # nothing queues behind a sleep

    run_virtually(scene())
