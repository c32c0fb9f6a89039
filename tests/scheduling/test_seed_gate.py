from __future__ import annotations

import asyncio

from crawlproj.scheduling.seed_gate import SeedGate
from tests.frontier.helpers import run


class Crowd:
    def __init__(self) -> None:
        self.crowded = True
        self.gate = SeedGate(lambda: self.crowded)

    async def waits(self) -> asyncio.Task[bool]:
        task = asyncio.ensure_future(self.gate.wait())
        await asyncio.sleep(0)
        assert not task.done()
        return task


def test_producers_wait_until_there_is_room() -> None:
    async def story() -> None:
        it = Crowd()
        task = await it.waits()
        it.gate.update()
        await asyncio.sleep(0)
        assert not task.done(), "it is still crowded"
        it.crowded = False
        it.gate.update()
        assert await task

    run(story())


def test_nobody_waits_while_there_is_room() -> None:
    it = Crowd()
    it.crowded = False
    assert run(it.gate.wait())


def test_producers_who_wait_are_sent_away_when_no_more_seeds_are_wanted() -> None:
    async def story() -> None:
        it = Crowd()
        task = await it.waits()
        it.gate.close()
        assert not await task
        it.crowded = False
        assert not await it.gate.wait()

    run(story())
