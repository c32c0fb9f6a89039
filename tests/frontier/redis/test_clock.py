from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from crawlproj.frontier.redis.clock import ServerClock

if TYPE_CHECKING:
    from tests.frontier.helpers import Now


def test_times_are_converted_by_the_difference_between_the_clocks() -> None:
    clock = ServerClock(None)
    clock.follow(int((time.time() + 3600) * 1e6))
    now = time.time()
    assert int(clock.to_server(now)) == pytest.approx((now + 3600) * 1e6, abs=1e6)
    assert clock.to_local(int((now + 3600) * 1e6)) == pytest.approx(now, abs=1)
    assert clock.now_arg() == "", "scripts read the server's own clock"


def test_a_clock_given_by_a_test_is_the_servers_too(now: Now) -> None:
    clock = ServerClock(now)
    clock.follow(5_000_000)
    assert clock.now_arg() == clock.to_server(now.time) == "1000000000"
    assert clock.to_local(1_000_000_000) == 1000.0


def test_no_time_stays_no_time_and_a_far_one_stays_below_2_to_the_53(now: Now) -> None:
    clock = ServerClock(now)
    assert (clock.to_server(0.0), clock.to_local(0)) == ("", 0.0)
    assert int(clock.to_server(1e300)) < 2**53
