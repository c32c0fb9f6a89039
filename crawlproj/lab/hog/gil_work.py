"""``python gil_work.py KIND UNIT WORKERS SIZE``: CPU work in threads or processes.

KIND: "python" counts primes in pure Python; "hash" has hashlib digest a large buffer, which lets
other threads run meanwhile. UNIT: "threads" or "processes". WORKERS: how many at once, such as
1,2,4, measured one after the other. Each does the whole of the work, SIZE numbers or MB. Prints
JSON: gil (whether there is one), python, and runs: {workers, wall_s, results (of each worker, which
must agree)}.

Needs the standard library only and imports nothing of this project, so that any interpreter on PATH
can run it.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import platform
import queue
import sys
import threading
import time
from typing import Any

_BUFFER = 1 << 20


def primes(below: int) -> int:
    """Return how many primes there are below a number, by trial division."""
    count = 0
    for number in range(2, below):
        divisor = 2
        while divisor * divisor <= number:
            if number % divisor == 0:
                break
            divisor += 1
        else:
            count += 1
    return count


def digest(size: int) -> str:
    """Return the digest of so many MB of zeros, fed in large buffers."""
    found = hashlib.sha256()
    buffer = bytes(_BUFFER)
    for _ in range(size):
        found.update(buffer)
    return found.hexdigest()


WORK: dict[str, Any] = {"python": primes, "hash": digest}


def measured(kind: str, unit: str, workers: int, size: int) -> tuple[float, list[Any]]:
    """Return the seconds that all took from a common start, and their results."""
    made: Any = threading.Thread
    barrier: Any = threading.Barrier(workers + 1)
    results: Any = queue.SimpleQueue()
    if unit == "processes":
        context = multiprocessing.get_context("fork")
        made, barrier = context.Process, context.Barrier(workers + 1)
        results = context.SimpleQueue()

    def work() -> None:
        barrier.wait()
        result = WORK[kind](size)
        barrier.wait()  # what follows is not part of the work
        results.put(result)

    units = [made(target=work) for _ in range(workers)]
    for each in units:
        each.start()
    barrier.wait()
    began = time.perf_counter()
    barrier.wait()
    wall_s = time.perf_counter() - began
    found = [results.get() for _ in units]
    for each in units:
        each.join()
    return wall_s, found


def main(kind: str, unit: str, workers: str, size: str) -> None:
    """Measure and print."""
    runs = []
    for count in map(int, workers.split(",")):
        wall_s, results = measured(kind, unit, count, int(size))
        runs.append({"workers": count, "wall_s": wall_s, "results": results})
    enabled = getattr(sys, "_is_gil_enabled", lambda: True)()
    answer = {"gil": enabled, "python": platform.python_version(), "runs": runs}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
