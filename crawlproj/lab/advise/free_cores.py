"""How many cores are really there: what others use of this machine is not."""

from __future__ import annotations

import multiprocessing
import time
from typing import Any

from crawlproj.lab.fetch.job import burn

_TURNS, _TURN_S = 40, 0.01
_PAUSE_S = 0.001  # a process that never waits stays where it is, beside another one or not


def spare_cores(most: int) -> list[float]:
    """Return the cores that 1, 2, … ``most`` processes get which do nothing but compute."""
    return [_got(processes) for processes in range(1, most + 1)]


def _got(processes: int) -> float:
    context = multiprocessing.get_context("fork")
    barrier: Any = context.Barrier(processes)
    shares: Any = context.SimpleQueue()

    def work() -> None:
        barrier.wait()
        waited = 0.0
        began = time.perf_counter()
        for _ in range(_TURNS):
            burn(_TURN_S)
            time.sleep(_PAUSE_S)
            waited += _PAUSE_S
        shares.put(_TURNS * _TURN_S / (time.perf_counter() - began - waited))

    children = [context.Process(target=work) for _ in range(processes)]
    for child in children:
        child.start()
    got = sum(shares.get() for _ in children)
    for child in children:
        child.join()
    return float(got)
