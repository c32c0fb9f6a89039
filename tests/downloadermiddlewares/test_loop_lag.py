from __future__ import annotations

import asyncio

import pytest

from crawlproj.downloadermiddlewares.loop_lag import LoopLag, without_lag
from tests.frontier.helpers import Now, run


async def turns(lag: LoopLag, now: Now, *seconds: float) -> None:
    """Measure one turn of the event loop for each of ``seconds``, the time that it takes."""
    for turn_s in seconds:
        lag.measure()
        now.time += turn_s
        await asyncio.sleep(0)


def test_an_idle_loop_has_no_lag() -> None:
    assert LoopLag(Now()).seconds == 0


def test_the_lag_is_the_mean_wait_of_a_random_arrival() -> None:
    now = Now()
    lag = LoopLag(now)

    def busy_for(turn_s: float, idle_s: float) -> None:
        now.time += idle_s + turn_s
        lag.add(turn_s)

    for _ in range(500):
        busy_for(0.01, 0.01)
    assert lag.seconds == pytest.approx(0.0025, rel=0.05)  # half of the arrivals wait 5 ms
    for _ in range(500):
        busy_for(0.02, 0.0)
    assert lag.seconds == pytest.approx(0.01, rel=0.05)  # all of them wait 10 ms


def test_one_long_turn_does_not_take_the_latency_off_every_answer() -> None:
    now = Now()
    lag = LoopLag(now)
    run(turns(lag, now, *[0.001] * 1000, 0.06))
    assert lag.seconds < 0.005  # one answer in twenty waited, for 30 ms


def test_the_lag_is_forgotten_within_seconds() -> None:
    now = Now()
    lag = LoopLag(now)
    run(turns(lag, now, 0.5))
    assert lag.seconds > 0.2
    now.time += 5.0
    run(turns(lag, now, 0.001))
    assert lag.seconds < 0.003


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
    assert lag.seconds == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("rtt_s", "lag_s", "rest_s"), [(0.5, 0.1, 0.4), (0.5, 9.0, 0.1), (0.0, 1.0, 0.0)]
)
def test_a_fifth_of_a_latency_is_the_sites_at_least(
    rtt_s: float, lag_s: float, rest_s: float
) -> None:
    assert without_lag(rtt_s, lag_s) == pytest.approx(rest_s)
