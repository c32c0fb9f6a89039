from __future__ import annotations

import time

import pytest

from crawlproj.clock import crawl_time, steady


class Machine:
    """A machine's clocks: ``wall`` can be set, ``up`` only passes."""

    def __init__(self) -> None:
        self.wall, self.up = 1.7e9, 5.0

    def wait(self, seconds: float) -> None:
        self.wall += seconds
        self.up += seconds


@pytest.mark.parametrize("jump_s", [-3600.0, 3600.0])
def test_a_steady_clock_begins_at_the_wall_clock_and_ignores_that_it_is_set(jump_s: float) -> None:
    machine = Machine()
    clock = steady(lambda: machine.wall, lambda: machine.up)
    assert clock() == pytest.approx(1.7e9)
    machine.wait(10)
    machine.wall += jump_s
    assert clock() == pytest.approx(1.7e9 + 10)
    machine.wait(10)
    assert clock() == pytest.approx(1.7e9 + 20)


def test_the_clock_of_this_process_gives_unix_seconds_and_never_goes_back() -> None:
    assert abs(crawl_time() - time.time()) < 3600
    times = [crawl_time() for _ in range(1000)]
    assert times == sorted(times)
