"""A pool of threads, each with a connection, in blocking code. gevent runs this code as well."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import local
from typing import TYPE_CHECKING

from crawlproj.lab.fetch.toolkit.blocking import Connection
from crawlproj.lab.fetch.toolkit.job import now

if TYPE_CHECKING:
    from crawlproj.lab.fetch.toolkit.job import Job


class _ThreadState(local):
    connection: Connection | None = None


def run(job: Job) -> None:
    """Fetch all pages, with a thread for each request in flight."""
    state = _ThreadState()

    def fetch(page: int) -> None:
        started = now()
        if state.connection is None:
            state.connection = Connection(job)
        job.finish(page, state.connection.fetch(page), started)

    job.begin()
    with ThreadPoolExecutor(job.in_flight) as pool:
        for _ in pool.map(fetch, range(job.pages)):
            pass
