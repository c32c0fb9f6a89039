"""The standard library's pool of processes, which pickles tasks and results."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING

from crawlproj.lab.fetch.toolkit.blocking import Connection
from crawlproj.lab.fetch.toolkit.job import now

if TYPE_CHECKING:
    from crawlproj.lab.fetch.toolkit.job import Job

_here: list[tuple[Job, Connection]] = []  # in a worker: its job and connection


def run(job: Job) -> None:
    """Fetch all pages, with a worker for each request in flight."""
    context = multiprocessing.get_context("fork")
    with context.Pool(job.in_flight, _start, (job,)) as pool:
        job.begin()
        for _ in pool.imap_unordered(_fetch, range(job.pages)):
            pass
        pool.close()
        pool.join()


def _start(job: Job) -> None:
    _here.append((job, Connection(job)))


def _fetch(page: int) -> None:
    job, connection = _here[0]
    started = now()
    job.finish(page, connection.fetch(page), started)
    job.flush()  # a worker does not learn when the pool ends
