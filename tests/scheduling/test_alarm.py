from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from crawlproj.scheduling.alarm import Alarm
from tests.frontier.virtual import run_virtually

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def rings(story: Callable[[Alarm, float], Awaitable[None]]) -> int:
    """Return how often the alarm of ``story`` has rung at its end."""
    rung: list[None] = []

    async def play() -> None:
        now = asyncio.get_running_loop().time()
        await story(Alarm(lambda: now, lambda: rung.append(None)), now)

    run_virtually(play())
    return len(rung)


def test_it_rings_once_at_the_earliest_of_the_times_that_were_set() -> None:
    async def story(alarm: Alarm, now: float) -> None:
        for at in (now + 60, now + 0.01, now + 30):
            alarm.set(at)
        await asyncio.sleep(0.05)

    assert rings(story) == 1


def test_a_time_that_has_passed_rings_at_once_and_it_can_be_set_again() -> None:
    async def story(alarm: Alarm, now: float) -> None:
        for _ in range(2):
            alarm.set(now - 5)
            await asyncio.sleep(0.02)

    assert rings(story) == 2


def test_a_cancelled_alarm_does_not_ring() -> None:
    async def story(alarm: Alarm, now: float) -> None:
        alarm.set(now)
        alarm.cancel()
        await asyncio.sleep(0.02)

    assert rings(story) == 0
