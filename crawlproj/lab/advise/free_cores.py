"""How much of this machine's cores other programs leave free."""

from __future__ import annotations

import multiprocessing
import time
from typing import Any

from crawlproj.lab.fetch.toolkit.job import burn

_TURNS, _TURN_S = 40, 0.01
_PAUSE_S = 0.001  # so that the kernel can move the process to an idle core


def free_cores(max_processes: int) -> list[float]:
    """Return how many cores' worth of CPU 1, 2, … ``max_processes`` computing processes get."""
    return [_cores_of(processes) for processes in range(1, max_processes + 1)]


def _cores_of(processes: int) -> float:
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
    cores = sum(shares.get() for _ in children)
    for child in children:
        child.join()
    return float(cores)
