"""A thread for each page: cheaper than a process, and created as often."""

from __future__ import annotations

from threading import Semaphore, Thread
from typing import TYPE_CHECKING

from crawlproj.lab.fetch.clients.blocking import fetch_alone
from crawlproj.lab.fetch.job import now

if TYPE_CHECKING:
    from crawlproj.lab.fetch.job import Job


def run(job: Job) -> None:
    """Fetch all pages, with as many threads at once as may be in flight."""
    slots = Semaphore(job.in_flight)

    def fetch(page: int, began: float) -> None:
        try:
            fetch_alone(job, page, began)
        finally:
            slots.release()

    job.begin()
    for page in range(job.pages):
        slots.acquire()
        Thread(target=fetch, args=(page, now())).start()
    for _ in range(job.in_flight):
        slots.acquire()
