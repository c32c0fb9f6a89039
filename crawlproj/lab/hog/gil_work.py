"""``python gil_work.py KIND UNIT WORKERS SIZE``: CPU work in threads or processes.

KIND: "python" counts primes in pure Python; "hash" digests a large buffer with hashlib, which
releases the GIL. UNIT: "threads" or "processes". WORKERS: how many work at once, such as 1,2,4,
measured one after the other. Each worker does the whole work: SIZE numbers, or SIZE MB. Prints
JSON: gil (whether the interpreter has one), python (its version), and runs, a list of workers,
wall_s and results (of each worker; they must be equal).

Needs only the standard library and imports nothing of this project, so that any interpreter on PATH
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
    """Return how many primes are below a number, by trial division."""
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
    """Return the SHA-256 digest of ``size`` MB of zeros, hashed in large buffers."""
    found = hashlib.sha256()
    buffer = bytes(_BUFFER)
    for _ in range(size):
        found.update(buffer)
    return found.hexdigest()


WORK: dict[str, Any] = {"python": primes, "hash": digest}


def measure(kind: str, unit: str, workers: int, size: int) -> tuple[float, list[Any]]:
    """Return the seconds that the workers took from a common start, and their results."""
    worker_type: Any = threading.Thread
    barrier: Any = threading.Barrier(workers + 1)
    results: Any = queue.SimpleQueue()
    if unit == "processes":
        context = multiprocessing.get_context("fork")
        worker_type, barrier = context.Process, context.Barrier(workers + 1)
        results = context.SimpleQueue()

    def work() -> None:
        barrier.wait()
        result = WORK[kind](size)
        barrier.wait()  # the rest is not part of the work
        results.put(result)

    units = [worker_type(target=work) for _ in range(workers)]
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
        wall_s, results = measure(kind, unit, count, int(size))
        runs.append({"workers": count, "wall_s": wall_s, "results": results})
    enabled = getattr(sys, "_is_gil_enabled", lambda: True)()
    answer = {"gil": enabled, "python": platform.python_version(), "runs": runs}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
