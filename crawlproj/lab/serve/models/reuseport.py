"""Prefork: workers that listen at one port each for itself, and the kernel shares out.

It shares out by a hash of the addresses, whether the worker it hits on is busy or not.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from crawlproj.lab.serve.applications.blocking import Handler

if TYPE_CHECKING:
    from crawlproj.lab.serve.service import Service

_LOOK_S = 1.0


def run(service: Service) -> None:
    """Serve; this process is one of the workers."""
    first = os.getpid()
    for _ in range(service.places - 1):
        if not os.fork():
            break
    handler = Handler(service)
    with service.listen(share=True) as listener:
        listener.settimeout(_LOOK_S)
        while first in {os.getpid(), os.getppid()}:  # no worker outlives the first
            with contextlib.suppress(TimeoutError):
                connection, _ = listener.accept()
                handler.handle(connection)
