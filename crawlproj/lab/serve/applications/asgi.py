"""The queries as an ASGI application, for every server that speaks ASGI.

A short query is asked on the loop: it takes some microseconds, less than handing it to a thread.
"""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Any

from crawlproj.lab.serve.service import Items, Query, Service

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]


async def application(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],  # noqa: ARG001 - a GET has no body
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Answer a request with the service of this process's environment."""
    if scope["type"] != "http":
        raise ValueError(f"only http is served, not {scope['type']}: run with --lifespan off")
    service, items = _here()
    query = Query.of(scope["path"])
    if query is not None and query.slow:
        await asyncio.sleep(service.slow_s)
    body = b"" if query is None else items.answer(query)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({
        "type": "http.response.start", "status": 404 if query is None else 200, "headers": headers,
    })  # fmt: skip
    await send({"type": "http.response.body", "body": body})


@cache
def _here() -> tuple[Service, Items]:
    service = Service.here()
    return service, Items(service.database)
