"""A thread per task: the interpreter switches threads after its switch interval."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from crawlproj.lab.hog.models.job import HogJob, Outcome, hog, short_task


def run(job: HogJob) -> Outcome:
    """Run all tasks, with the default switch interval of 5 ms."""
    with ThreadPoolExecutor(job.tasks + 1) as pool:
        shorts = [pool.submit(short_task, job, task, time.sleep) for task in range(job.tasks)]
        busy = pool.submit(_hog, job)
        return Outcome([each.result() for each in shorts], busy.result())


def run_1ms(job: HogJob) -> Outcome:
    """Run all tasks, with a switch interval of 1 ms."""
    sys.setswitchinterval(0.001)
    return run(job)


def _hog(job: HogJob) -> tuple[float, float]:
    time.sleep(job.seconds_until_hog())
    return hog(job)
