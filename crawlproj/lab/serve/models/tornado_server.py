"""tornado with its own server and handlers, and a coroutine per query."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tornado.web import Application, RequestHandler

from crawlproj.lab.serve.service.queries import BACKLOG, Items, Query, Service

if TYPE_CHECKING:
    from tornado.routing import _RuleList


def run(service: Service) -> None:
    """Serve until killed."""
    items = Items(service.database)

    class Handler(RequestHandler):
        async def get(self) -> None:
            query = Query.from_path(self.request.path)
            if query is None:
                self.set_status(404)
                return
            if query.slow:
                await asyncio.sleep(service.slow_s)
            self.set_header("Content-Type", "application/json")
            self.write(items.read(query))

    async def main() -> None:
        rules: _RuleList = [(r"/.*", Handler)]
        application = Application(rules, log_function=lambda _: None)
        application.listen(service.port, "127.0.0.1", backlog=BACKLOG)
        await asyncio.Event().wait()

    asyncio.run(main())
