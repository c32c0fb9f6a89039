"""Prefork: a master accepts all connections and passes each to an idle worker (SCM_RIGHTS)."""

from __future__ import annotations

import os
import socket
from collections import deque
from selectors import EVENT_READ, DefaultSelector
from typing import TYPE_CHECKING

from crawlproj.lab.serve.service.blocking import Handler

if TYPE_CHECKING:
    from crawlproj.lab.serve.service.queries import Service

_IDLE = b"."  # a worker sends it to the master, which sends it back with a connection


def run(service: Service) -> None:
    """Serve until killed; this process is the master."""
    listener = service.listen()
    workers = [_fork(service, listener) for _ in range(service.slots)]
    idle: deque[socket.socket] = deque()
    waiting: deque[socket.socket] = deque()
    with DefaultSelector() as selector:
        for each in (listener, *workers):
            selector.register(each, EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is listener:
                    waiting.append(listener.accept()[0])
                else:
                    worker = workers[workers.index(key.fileobj)]  # type: ignore[arg-type]
                    if not worker.recv(1):
                        raise SystemExit("a worker ended")
                    idle.append(worker)
            while idle and waiting:
                with waiting.popleft() as connection:
                    socket.send_fds(idle.popleft(), [_IDLE], [connection.fileno()])


def _fork(service: Service, listener: socket.socket) -> socket.socket:
    mine, theirs = socket.socketpair()
    if os.fork():
        theirs.close()
        return mine
    mine.close()
    listener.close()
    handler = Handler(service)
    while True:
        theirs.send(_IDLE)
        _, descriptors, _, _ = socket.recv_fds(theirs, 1, 1)
        if not descriptors:
            raise SystemExit("the master ended")
        handler.handle(socket.socket(fileno=descriptors[0]))
