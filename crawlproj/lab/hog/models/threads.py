"""A thread each: the interpreter takes the turn away after its switch interval."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from crawlproj.lab.hog.job import HogJob, Outcome, hog, short


def run(job: HogJob) -> Outcome:
    """Run all tasks, at the interpreter's own interval of 5 ms."""
    with ThreadPoolExecutor(job.tasks + 1) as pool:
        shorts = [pool.submit(short, job, task, time.sleep) for task in range(job.tasks)]
        busy = pool.submit(_hog, job)
        return Outcome([each.result() for each in shorts], busy.result())


def run_1ms(job: HogJob) -> Outcome:
    """Run all tasks, at an interval of 1 ms."""
    sys.setswitchinterval(0.001)
    return run(job)


def _hog(job: HogJob) -> tuple[float, float]:
    time.sleep(job.until_hog())
    return hog(job)
