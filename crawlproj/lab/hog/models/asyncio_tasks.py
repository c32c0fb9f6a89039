"""asyncio: a coroutine per task on one loop, which switches only where a coroutine awaits.

Two more models are the remedies: the hog runs in a thread, or in a process.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING

from crawlproj.lab.hog.models.job import HogJob, Outcome, hog, now, seconds_until

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


def run(job: HogJob) -> Outcome:
    """Run all tasks on the loop, including the hog."""
    return asyncio.run(_all(job, nullcontext(None)))


def run_thread(job: HogJob) -> Outcome:
    """Run the hog in a thread, not on the loop."""
    return asyncio.run(_all(job, ThreadPoolExecutor(1)))


def run_process(job: HogJob) -> Outcome:
    """Run the hog in another process than the loop."""
    context = multiprocessing.get_context("fork")
    return asyncio.run(_all(job, ProcessPoolExecutor(1, mp_context=context)))


async def _all(job: HogJob, place: AbstractContextManager[Executor | None]) -> Outcome:
    with place as executor:
        busy = asyncio.create_task(_hog(job, executor))
        late = await asyncio.gather(*(_short(job, task) for task in range(job.tasks)))
        return Outcome(late, await busy)


async def _short(job: HogJob, task: int) -> list[float]:
    late = []
    for turn in range(job.turns):
        due = job.due(task, turn)
        await asyncio.sleep(seconds_until(due))
        late.append(now() - due)
    return late


async def _hog(job: HogJob, executor: Executor | None) -> tuple[float, float]:
    await asyncio.sleep(job.seconds_until_hog())
    if executor is None:
        return hog(job)
    return await asyncio.get_running_loop().run_in_executor(executor, hog, job)
