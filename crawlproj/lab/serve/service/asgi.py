"""The service as an ASGI application.

A short query runs on the loop: it takes some microseconds, less than passing it to a thread.
"""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Any

from crawlproj.lab.serve.service.queries import Items, Query, Service

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]


async def application(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],  # noqa: ARG001 - a GET has no body
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Answer a request of the service that this process's environment describes."""
    if scope["type"] != "http":
        raise ValueError(
            f"this application serves http, not {scope['type']}: run it with --lifespan off"
        )
    service, items = _service()
    query = Query.from_path(scope["path"])
    if query is not None and query.slow:
        await asyncio.sleep(service.slow_s)
    body = b"" if query is None else items.read(query)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({
        "type": "http.response.start", "status": 404 if query is None else 200, "headers": headers,
    })  # fmt: skip
    await send({"type": "http.response.body", "body": body})


@cache
def _service() -> tuple[Service, Items]:
    service = Service.from_environment()
    return service, Items(service.database)
