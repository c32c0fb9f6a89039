"""Workers that are forked at the start and take pages from a queue (a pipe) of their master."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from crawlproj.lab.fetch.toolkit import forking
from crawlproj.lab.fetch.toolkit.blocking import Connection
from crawlproj.lab.fetch.toolkit.job import now

if TYPE_CHECKING:
    from crawlproj.lab.fetch.toolkit.job import Job


def run(job: Job) -> None:
    """Fetch all pages, with a worker for each request in flight."""
    queue = forking.PageQueue()
    for _ in range(job.in_flight):
        forking.fork(job, partial(_work, job, queue))
    job.begin()
    for page in range(job.pages):
        queue.put(page)
    queue.close()
    for _ in range(job.in_flight):
        forking.wait()


def _work(job: Job, queue: forking.PageQueue) -> None:
    queue.close()
    connection = Connection(job)
    for page in queue:
        started = now()
        job.finish(page, connection.fetch(page), started)
    connection.close()
