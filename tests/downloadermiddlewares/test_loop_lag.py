from __future__ import annotations

import asyncio

import pytest

from crawlproj.downloadermiddlewares.loop_lag import LoopLag
from tests.frontier.helpers import Now, run


async def turns(lag: LoopLag, now: Now, *seconds: float) -> None:
    """Measure one turn of the event loop for each of ``seconds``, the time that it takes."""
    for turn_s in seconds:
        lag.measure()
        now.time += turn_s
        await asyncio.sleep(0)


def test_an_idle_loop_has_no_lag() -> None:
    assert LoopLag(Now()).seconds == 0


def test_the_lag_is_that_of_the_longest_recent_turn() -> None:
    now = Now()
    lag = LoopLag(now)
    run(turns(lag, now, 0.5, 0.01))
    assert 0.45 < lag.seconds < 0.5


def test_the_lag_falls_slowly_once_turns_are_short() -> None:
    now = Now()
    lag = LoopLag(now)
    run(turns(lag, now, 0.5, *[0.01] * 200))
    assert 0.01 < lag.seconds < 0.02


def test_the_current_turn_counts_before_it_ends() -> None:
    now = Now()
    lag = LoopLag(now)

    async def busy() -> float:
        lag.measure()
        now.time += 2.0
        return lag.seconds

    assert run(busy()) == pytest.approx(2.0)


def test_measuring_again_in_the_same_turn_keeps_the_start() -> None:
    now = Now()
    lag = LoopLag(now)

    async def busy() -> None:
        lag.measure()
        now.time += 0.25
        lag.measure()
        now.time += 0.25
        await asyncio.sleep(0)

    run(busy())
    assert lag.seconds == pytest.approx(0.5)
