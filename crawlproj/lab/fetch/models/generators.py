"""Generator coroutines: `yield` says what to wait for, and a short scheduler resumes them.

The state that callbacks keep in an object is in local variables, so the code reads from top to
bottom. asyncio is built on the same idea.
"""

from __future__ import annotations

import selectors
from selectors import EVENT_READ, EVENT_WRITE
from typing import TYPE_CHECKING

from crawlproj.lab.fetch.toolkit.http1 import READ_BYTES, Response, connecting_socket, request
from crawlproj.lab.fetch.toolkit.job import now

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from socket import socket

    from crawlproj.lab.fetch.toolkit.job import Job

    Task = Generator[tuple[socket, int], None, None]


def run(job: Job) -> None:
    """Fetch all pages, with a generator for each request in flight."""
    job.begin()
    pages = iter(range(job.pages))
    schedule(_fetch(job, pages) for _ in range(min(job.in_flight, job.pages)))


def schedule(tasks: Iterable[Task]) -> None:
    """Run generators to their ends; each yields (socket, event to wait for)."""
    poller = selectors.EpollSelector()
    for task in tasks:
        sock, event = next(task)
        poller.register(sock, event, task)
    while poller.get_map():
        for key, event in poller.select():
            try:
                sock, wanted = next(key.data)
            except StopIteration:
                poller.unregister(key.fd)
                key.fileobj.close()  # type: ignore[union-attr]  # it is the task's socket
            else:
                if wanted != event:
                    poller.modify(sock, wanted, key.data)
    poller.close()


def _fetch(job: Job, pages: Iterator[int]) -> Task:
    started = now()
    sock = connecting_socket(job)
    yield sock, EVENT_WRITE
    for page in pages:
        sock.send(request(job, page))
        response, body = Response(), None
        while body is None:
            yield sock, EVENT_READ
            body = response.feed(sock.recv(READ_BYTES))
        job.finish(page, body, started)
        started = now()
