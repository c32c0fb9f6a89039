"""Requests of bounded size, which end when their client goes away."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

from crawlproj.serve.web.problems import Problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 64 * 1024
MAX_TARGET = 32 * 1024


class BoundedRequests:
    """An ASGI middleware that reads the body first, and cancels the work nobody waits for.

    When the client disconnects, the task that answers is cancelled, which cancels its query. A HEAD
    ends with the head of the answer, so that it never waits for a stream.
    A target (path and query) or a body that is too long is refused.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if len(scope["raw_path"] or b"") + len(scope["query_string"]) > MAX_TARGET:
            problem = Problem(
                HTTPStatus.REQUEST_URI_TOO_LONG,
                "target-too-long",
                f"path and query have more than {MAX_TARGET} bytes; send a query by POST",
            )
            await problem.response()(scope, receive, send)
            return
        body = await _whole_body(receive)
        if body is None:
            return
        if len(body) > MAX_BODY:
            problem = Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "body-too-large",
                f"the body has more than {MAX_BODY} bytes; make it shorter",
            )
            await problem.response()(scope, receive, send)
            return
        await _Exchange(body, receive, send).run(self._app, scope)


async def _whole_body(receive: Receive) -> bytes | None:
    """Return the body, at most a little more than MAX_BODY; None if the client is gone."""
    body = b""
    while len(body) <= MAX_BODY:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return body


class _Exchange:
    """A request with its body read, and its response."""

    def __init__(self, body: bytes, receive: Receive, send: Send) -> None:
        self._body: bytes | None = body
        self._receive = receive
        self._send = send
        self._gone = asyncio.Event()
        self._answered = False
        self._head_only = False
        self._work: asyncio.Future[None] | None = None

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        """Let ``app`` answer, until it has, or the client is gone."""
        self._head_only = scope["method"] == "HEAD"
        work = self._work = asyncio.ensure_future(self._call(app, scope))
        watch = asyncio.ensure_future(self._watch())
        try:
            await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done() and not self._answered:
                work.cancel()
            await asyncio.wait({work})
        finally:
            watch.cancel()
            work.cancel()
        if not work.cancelled():
            work.result()

    async def _call(self, app: ASGIApp, scope: Scope) -> None:
        await app(scope, self._replay, self._note)

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone.set()

    async def _replay(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _note(self, message: Message) -> None:
        if self._head_only and self._answered:
            return
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self._answered = True  # uvicorn reports a disconnect after the last byte, too
        await self._send(message)
        if self._head_only and message["type"] == "http.response.start":
            self._answered = True
            await self._send({"type": "http.response.body"})
            assert self._work is not None  # noqa: S101 - it is what sends
            self._work.cancel()
