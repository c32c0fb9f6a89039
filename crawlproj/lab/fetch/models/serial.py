"""One page after another, in blocking code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.lab.fetch.toolkit.blocking import Connection
from crawlproj.lab.fetch.toolkit.job import now

if TYPE_CHECKING:
    from crawlproj.lab.fetch.toolkit.job import Job


def run(job: Job) -> None:
    """Fetch all pages."""
    job.begin()
    connection = Connection(job)
    for page in range(job.pages):
        started = now()
        job.finish(page, connection.fetch(page), started)
    connection.close()
