"""Callbacks on select, poll or epoll: a function handles each event, an object holds the state.

The three differ only in how the kernel is asked which sockets are ready: select takes and returns
bit sets of FD_SETSIZE (1,024) descriptors, poll takes a list of all descriptors for each call,
epoll keeps the list in the kernel and returns only the sockets that are ready.
"""

from __future__ import annotations

import os
import selectors
import socket
from typing import TYPE_CHECKING

from crawlproj.lab.fetch.toolkit.http1 import READ_BYTES, Response, connecting_socket, request
from crawlproj.lab.fetch.toolkit.job import now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawlproj.lab.fetch.toolkit.job import Job


def run_select(job: Job) -> None:
    """Fetch all pages, waiting with select(2)."""
    _run(job, selectors.SelectSelector())


def run_poll(job: Job) -> None:
    """Fetch all pages, waiting with poll(2)."""
    _run(job, selectors.PollSelector())


def run_epoll(job: Job) -> None:
    """Fetch all pages, waiting with epoll(7)."""
    _run(job, selectors.EpollSelector())


def _run(job: Job, poller: selectors.BaseSelector) -> None:
    job.begin()
    pages = iter(range(job.pages))
    for _ in range(min(job.in_flight, job.pages)):
        _Connection(job, poller, pages)
    while poller.get_map():
        for key, _ in poller.select():
            key.data()
    poller.close()


class _Connection:
    """A connection, and the page that is being fetched on it."""

    def __init__(self, job: Job, poller: selectors.BaseSelector, pages: Iterator[int]) -> None:
        self._job, self._poller, self._pages = job, poller, pages
        self._page, self._started, self._response = next(pages), now(), Response()
        self._sock = connecting_socket(job)
        poller.register(self._sock, selectors.EVENT_WRITE, self._connected)

    def _connected(self) -> None:
        if error := self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(error, os.strerror(error))
        self._poller.modify(self._sock, selectors.EVENT_READ, self._readable)
        self._sock.send(request(self._job, self._page))

    def _readable(self) -> None:
        body = self._response.feed(self._sock.recv(READ_BYTES))
        if body is None:
            return
        self._job.finish(self._page, body, self._started)
        page = next(self._pages, None)
        if page is None:
            self._poller.unregister(self._sock)
            self._sock.close()
            return
        self._page, self._started, self._response = page, now(), Response()
        self._sock.send(request(self._job, page))
