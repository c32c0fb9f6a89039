"""Blocking fetches with http.client: what serial, processes, threads and gevent share."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING

from crawlproj.lab.fetch.clients.http1 import HttpError

if TYPE_CHECKING:
    from crawlproj.lab.fetch.job import Job

_TIMEOUT_S = 60.0


class Connection:
    """A connection that is kept from page to page."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._http = http.client.HTTPConnection(job.host, job.port, timeout=_TIMEOUT_S)

    def fetch(self, page: int) -> bytes:
        """Return a page's body; blocks until it is there. Raises HttpError or OSError."""
        self._http.request("GET", self._job.path(page))
        answer = self._http.getresponse()
        body = answer.read()
        if answer.status != http.client.OK:
            raise HttpError(f"page {page} was answered with status {answer.status}")
        return body

    def close(self) -> None:
        """Close it."""
        self._http.close()


def fetch_alone(job: Job, page: int, began: float) -> None:
    """Fetch and finish a page on a connection of its own."""
    connection = Connection(job)
    try:
        body = connection.fetch(page)
    finally:
        connection.close()
    job.finish(page, body, began)
