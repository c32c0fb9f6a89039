"""A process each: the kernel gives every one its share of the cores."""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any

from crawlproj.lab.hog.job import HogJob, Outcome, hog, short

if TYPE_CHECKING:
    from collections.abc import Callable


def run(job: HogJob) -> Outcome:
    """Run all tasks."""
    shorts = [_fork(partial(short, job, task, time.sleep)) for task in range(job.tasks)]
    busy = _fork(partial(_hog, job))
    late = [_result(pipe) for pipe in shorts]
    began, ended = _result(busy)
    for _ in range(job.tasks + 1):
        os.wait()
    return Outcome(late, (began, ended))


def _hog(job: HogJob) -> tuple[float, float]:
    time.sleep(job.until_hog())
    return hog(job)


def _fork(work: Callable[[], object]) -> int:
    """Run it in a child; returns a pipe that its result can be read from."""
    read, write = os.pipe()
    if os.fork():
        os.close(write)
        return read
    try:
        with os.fdopen(write, "w") as pipe:
            json.dump(work(), pipe)
    except BaseException:  # noqa: BLE001 - nothing may run on in a copy of the parent
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(0)


def _result(pipe: int) -> Any:
    """Return what a child made; ValueError if it made nothing, its traceback is on stderr."""
    with os.fdopen(pipe) as file:
        return json.load(file)
