"""One page after another, blocking: the time is spent waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.lab.fetch.clients.blocking import Connection
from crawlproj.lab.fetch.job import now

if TYPE_CHECKING:
    from crawlproj.lab.fetch.job import Job


def run(job: Job) -> None:
    """Fetch all pages."""
    job.begin()
    connection = Connection(job)
    for page in range(job.pages):
        began = now()
        job.finish(page, connection.fetch(page), began)
    connection.close()
