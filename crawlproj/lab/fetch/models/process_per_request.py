"""A forked child for each page: isolation, at the cost of creating a process per page."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from crawlproj.lab.fetch.toolkit import forking
from crawlproj.lab.fetch.toolkit.blocking import fetch_alone
from crawlproj.lab.fetch.toolkit.job import now

if TYPE_CHECKING:
    from crawlproj.lab.fetch.toolkit.job import Job


def run(job: Job) -> None:
    """Fetch all pages, with a child for each request in flight."""
    job.begin()
    for page in range(job.pages):
        if page >= job.in_flight:
            forking.wait()
        forking.fork(job, partial(fetch_alone, job, page, now()))
    for _ in range(min(job.pages, job.in_flight)):
        forking.wait()
