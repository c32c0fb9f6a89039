"""Greenlets over epoll: a switch in the depth of a call, so the code looks as if it blocked.

greenlet brings only the switching; the greenlet that waits for epoll is the one that started them.
"""

from __future__ import annotations

import selectors
from selectors import EVENT_READ, EVENT_WRITE
from typing import TYPE_CHECKING

import greenlet

from crawlproj.lab.fetch.clients.http1 import READ_BYTES, Answer, connecting, request
from crawlproj.lab.fetch.job import now

if TYPE_CHECKING:
    from collections.abc import Iterator
    from socket import socket

    from crawlproj.lab.fetch.job import Job


def run(job: Job) -> None:
    """Fetch all pages, a greenlet for each that may be in flight."""
    job.begin()
    waiting = _Waiting()
    pages = iter(range(job.pages))
    for _ in range(min(job.in_flight, job.pages)):
        greenlet.greenlet(_fetch).switch(job, pages, waiting)
    waiting.run()


class _Waiting:
    """Who waits for which socket."""

    def __init__(self) -> None:
        self._poller = selectors.EpollSelector()
        self._main = greenlet.getcurrent()

    def until(self, sock: socket, event: int) -> None:
        """Let others run until a socket is ready."""
        me = greenlet.getcurrent()
        if sock.fileno() in self._poller.get_map():
            if self._poller.get_key(sock).events != event:
                self._poller.modify(sock, event, me)
        else:
            self._poller.register(sock, event, me)
        self._main.switch()

    def close(self, sock: socket) -> None:
        self._poller.unregister(sock)
        sock.close()

    def run(self) -> None:
        """Switch to whoever can go on, until nobody waits."""
        while self._poller.get_map():
            for key, _ in self._poller.select():
                key.data.switch()
        self._poller.close()


def _fetch(job: Job, pages: Iterator[int], waiting: _Waiting) -> None:
    began = now()
    sock = connecting(job)
    waiting.until(sock, EVENT_WRITE)
    for page in pages:
        sock.send(request(job, page))
        body = _receive(sock, waiting)
        job.finish(page, body, began)
        began = now()
    waiting.close(sock)


def _receive(sock: socket, waiting: _Waiting) -> bytes:
    answer = Answer()
    while True:
        waiting.until(sock, EVENT_READ)
        body = answer.feed(sock.recv(READ_BYTES))
        if body is not None:
            return body
