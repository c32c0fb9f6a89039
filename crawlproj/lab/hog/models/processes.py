"""A process per task: the kernel gives each its share of the cores."""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any

from crawlproj.lab.hog.models.job import HogJob, Outcome, hog, short_task

if TYPE_CHECKING:
    from collections.abc import Callable


def run(job: HogJob) -> Outcome:
    """Run all tasks."""
    shorts = [_fork(partial(short_task, job, task, time.sleep)) for task in range(job.tasks)]
    busy = _fork(partial(_hog, job))
    late = [_result(pipe) for pipe in shorts]
    began, ended = _result(busy)
    for _ in range(job.tasks + 1):
        os.wait()
    return Outcome(late, (began, ended))


def _hog(job: HogJob) -> tuple[float, float]:
    time.sleep(job.seconds_until_hog())
    return hog(job)


def _fork(work: Callable[[], object]) -> int:
    """Run ``work`` in a child; return a pipe from which ``_result`` reads its result."""
    read, write = os.pipe()
    if os.fork():
        os.close(write)
        return read
    try:
        with os.fdopen(write, "w") as pipe:
            json.dump(work(), pipe)
    except BaseException:  # noqa: BLE001 - the copy of the parent must not continue
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(0)


def _result(pipe: int) -> Any:
    """Return the result of a child.

    Raises ValueError if the child failed; its traceback is on standard error.
    """
    with os.fdopen(pipe) as file:
        return json.load(file)
