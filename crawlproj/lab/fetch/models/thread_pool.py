"""A pool of threads, each with a connection: blocking code, created once. gevent runs it, too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import local
from typing import TYPE_CHECKING

from crawlproj.lab.fetch.clients.blocking import Connection
from crawlproj.lab.fetch.job import now

if TYPE_CHECKING:
    from crawlproj.lab.fetch.job import Job


class _Here(local):
    connection: Connection | None = None


def run(job: Job) -> None:
    """Fetch all pages, a thread for each that may be in flight."""
    here = _Here()

    def fetch(page: int) -> None:
        began = now()
        if here.connection is None:
            here.connection = Connection(job)
        job.finish(page, here.connection.fetch(page), began)

    job.begin()
    with ThreadPoolExecutor(job.in_flight) as pool:
        for _ in pool.map(fetch, range(job.pages)):
            pass
