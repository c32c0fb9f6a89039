"""A pool of processes, as the standard library has it: tasks and results are pickled."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING

from crawlproj.lab.fetch.clients.blocking import Connection
from crawlproj.lab.fetch.job import now

if TYPE_CHECKING:
    from crawlproj.lab.fetch.job import Job

_here: list[tuple[Job, Connection]] = []  # in a worker: its job and its connection


def run(job: Job) -> None:
    """Fetch all pages, a worker for each that may be in flight."""
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
    began = now()
    job.finish(page, connection.fetch(page), began)
    job.flush()  # a pool tells its workers nothing when it ends
