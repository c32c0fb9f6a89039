"""twisted.web with its own server and resources, and a deferred for each slow query."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import_module("twisted.internet.epollreactor").install()  # before anything imports the reactor

from twisted.internet import reactor  # noqa: E402
from twisted.internet.task import deferLater  # noqa: E402
from twisted.web.resource import Resource  # noqa: E402
from twisted.web.server import NOT_DONE_YET, Site  # noqa: E402

from crawlproj.lab.serve.service.queries import BACKLOG, Items, Query  # noqa: E402

if TYPE_CHECKING:
    from crawlproj.lab.serve.service.queries import Service


def run(service: Service) -> None:
    """Serve until killed."""
    loop: Any = reactor
    site = Site(_Queries(service))  # type: ignore[no-untyped-call]
    loop.listenTCP(service.port, site, BACKLOG, "127.0.0.1")
    loop.run()


class _Queries(Resource):
    isLeaf = True  # noqa: N815 - Twisted's name

    def __init__(self, service: Service) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._slow_s = service.slow_s
        self._items = Items(service.database)

    def render_GET(self, request: Any) -> bytes | int:  # noqa: N802 - Twisted's name
        query = Query.from_path(request.path.decode("latin-1"))
        if query is None:
            request.setResponseCode(404)
            return b""
        if not query.slow:
            return self._respond(request, query)
        deferLater(reactor, self._slow_s, self._finish, request, query)
        return NOT_DONE_YET

    def _finish(self, request: Any, query: Query) -> None:
        request.write(self._respond(request, query))
        request.finish()

    def _respond(self, request: Any, query: Query) -> bytes:
        body = self._items.read(query)
        request.setHeader(b"content-type", b"application/json")
        request.setHeader(b"content-length", b"%d" % len(body))
        return body
