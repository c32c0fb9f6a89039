"""n workers × c in flight: processes with an event loop each, which take pages from one queue.

Each has its share of the requests in flight, and takes the next page when it has a free slot.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import uvloop

from crawlproj.lab.fetch.models.asyncio_aiohttp import fetch_all
from crawlproj.lab.fetch.toolkit import forking

if TYPE_CHECKING:
    from crawlproj.lab.fetch.toolkit.job import Job


def run(job: Job) -> None:
    """Fetch all pages with ``job.workers`` processes."""
    queue = forking.PageQueue(capacity=job.pages)
    workers = min(job.workers, job.in_flight)
    for worker in range(workers):
        share = job.in_flight // workers + (worker < job.in_flight % workers)
        forking.fork(job, partial(_work, job, queue, share))
    job.begin()
    for page in range(job.pages):
        queue.put(page)
    queue.close()
    for _ in range(workers):
        forking.wait()


def _work(job: Job, queue: forking.PageQueue, share: int) -> None:
    queue.close()
    uvloop.run(fetch_all(job, share, iter(queue)))
