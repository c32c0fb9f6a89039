"""Greenlets on epoll: they switch within a call, so the code looks like blocking code.

The library only switches. The greenlet that starts the others is the one that waits for epoll.
"""

from __future__ import annotations

import selectors
from selectors import EVENT_READ, EVENT_WRITE
from typing import TYPE_CHECKING

import greenlet

from crawlproj.lab.fetch.toolkit.http1 import READ_BYTES, Response, connecting_socket, request
from crawlproj.lab.fetch.toolkit.job import now

if TYPE_CHECKING:
    from collections.abc import Iterator
    from socket import socket

    from crawlproj.lab.fetch.toolkit.job import Job


def run(job: Job) -> None:
    """Fetch all pages, with a greenlet for each request in flight."""
    job.begin()
    loop = _Loop()
    pages = iter(range(job.pages))
    for _ in range(min(job.in_flight, job.pages)):
        greenlet.greenlet(_fetch).switch(job, pages, loop)
    loop.run()


class _Loop:
    """The greenlets that wait, by socket."""

    def __init__(self) -> None:
        self._poller = selectors.EpollSelector()
        self._main = greenlet.getcurrent()

    def wait_for(self, sock: socket, event: int) -> None:
        """Run other greenlets until a socket is ready."""
        current = greenlet.getcurrent()
        if sock.fileno() in self._poller.get_map():
            if self._poller.get_key(sock).events != event:
                self._poller.modify(sock, event, current)
        else:
            self._poller.register(sock, event, current)
        self._main.switch()

    def close(self, sock: socket) -> None:
        self._poller.unregister(sock)
        sock.close()

    def run(self) -> None:
        """Switch to each greenlet whose socket is ready, until none waits."""
        while self._poller.get_map():
            for key, _ in self._poller.select():
                key.data.switch()
        self._poller.close()


def _fetch(job: Job, pages: Iterator[int], loop: _Loop) -> None:
    started = now()
    sock = connecting_socket(job)
    loop.wait_for(sock, EVENT_WRITE)
    for page in pages:
        sock.send(request(job, page))
        body = _receive(sock, loop)
        job.finish(page, body, started)
        started = now()
    loop.close(sock)


def _receive(sock: socket, loop: _Loop) -> bytes:
    response = Response()
    while True:
        loop.wait_for(sock, EVENT_READ)
        body = response.feed(sock.recv(READ_BYTES))
        if body is not None:
            return body
