"""A thread per request, or a pool of threads for which requests wait."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import TYPE_CHECKING

from crawlproj.lab.serve.service.blocking import Handler

if TYPE_CHECKING:
    from crawlproj.lab.serve.service.queries import Service


def run(service: Service) -> None:
    """Serve until killed, with a thread for each request."""
    handler = Handler(service)
    with service.listen() as listener:
        while True:
            connection, _ = listener.accept()
            Thread(target=handler.handle, args=(connection,), daemon=True).start()


def run_pool(service: Service) -> None:
    """Serve until killed, with a pool of threads."""
    handler = Handler(service)
    with service.listen() as listener, ThreadPoolExecutor(service.slots) as pool:
        while True:
            connection, _ = listener.accept()
            pool.submit(handler.handle, connection)
