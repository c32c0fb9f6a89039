"""The queries as a WSGI application, for every server that speaks WSGI."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING

from crawlproj.lab.serve.service import Items, Service, respond

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment


class Application:
    """Serves a service's queries; a slow one blocks whoever calls."""

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
        time.sleep(self._slow_s)  # not imported by name: gevent patches it


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer a request with the service of this process's environment."""
    return _here()(environ, start_response)


@cache
def _here() -> Application:
    return Application(Service.here())
