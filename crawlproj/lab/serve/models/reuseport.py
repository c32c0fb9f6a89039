"""Prefork: each worker listens at the same port, and the kernel distributes the connections.

The kernel chooses the worker by a hash of the addresses, whether or not the worker is busy.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from crawlproj.lab.serve.service.blocking import Handler

if TYPE_CHECKING:
    from crawlproj.lab.serve.service.queries import Service

_POLL_S = 1.0


def run(service: Service) -> None:
    """Serve until killed; this process is one of the workers."""
    first = os.getpid()
    for _ in range(service.slots - 1):
        if not os.fork():
            break
    handler = Handler(service)
    with service.listen(reuse_port=True) as listener:
        listener.settimeout(_POLL_S)
        while first in {os.getpid(), os.getppid()}:  # no worker outlives the first
            with contextlib.suppress(TimeoutError):
                connection, _ = listener.accept()
                handler.handle(connection)
