"""A blocking client on http.client, for the models of processes and threads, and for gevent."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING

from crawlproj.lab.fetch.toolkit.http1 import HttpError

if TYPE_CHECKING:
    from crawlproj.lab.fetch.toolkit.job import Job

_TIMEOUT_S = 60.0


class Connection:
    """A connection that is kept from page to page."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._http = http.client.HTTPConnection(job.host, job.port, timeout=_TIMEOUT_S)

    def fetch(self, page: int) -> bytes:
        """Return the body of a page; blocks until it has arrived. Raises HttpError or OSError."""
        self._http.request("GET", self._job.path(page))
        response = self._http.getresponse()
        body = response.read()
        if response.status != http.client.OK:
            raise HttpError(f"the response to page {page} has status {response.status}")
        return body

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


def fetch_alone(job: Job, page: int, started: float) -> None:
    """Fetch and finish a page on a connection of its own."""
    connection = Connection(job)
    try:
        body = connection.fetch(page)
    finally:
        connection.close()
    job.finish(page, body, started)
