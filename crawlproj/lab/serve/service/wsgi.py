"""The service as a WSGI application."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING

from crawlproj.lab.serve.service.queries import Items, Service, respond

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment


class Application:
    """Answers queries; a slow one blocks the caller."""

    def __init__(self, service: Service) -> None:
        self._slow_s = service.slow_s
        self._items = Items(service.database)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        status, body = respond(self._items, environ["PATH_INFO"], self._wait)
        start_response(
            status,
            [("Content-Type", "application/json"), ("Content-Length", str(len(body)))],
        )
        return [body]

    def _wait(self) -> None:
        time.sleep(self._slow_s)  # looked up at each call, because gevent patches it


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer a request of the service that this process's environment describes."""
    return _application()(environ, start_response)


@cache
def _application() -> Application:
    return Application(Service.from_environment())
