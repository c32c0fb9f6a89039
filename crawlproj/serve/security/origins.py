"""The check of where in a browser a request comes from: other sites may link to us, no more."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from crawlproj.serve.web.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Receive, Scope, Send

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class OriginCheck:
    """An ASGI middleware: what changes something must come from our own pages.

    A request with another method than GET needs ``Sec-Fetch-Site: same-origin`` or, from a browser
    that does not send that, an Origin that equals the Host. A program is recognised by its
    ``Authorization`` header, which no page of another site can make a browser send.

    A GET from another site's page may only open a page, so that links to us work; it gets no data.

    reads: paths that take a POST and change nothing: there, a request without any of these
    headers comes from a program. read_only: refuse all that would change something.
    """

    def __init__(self, app: ASGIApp, reads: Collection[str], *, read_only: bool) -> None:
        self._app = app
        self._reads = frozenset(reads)
        self._read_only = read_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or answer 403."""
        if scope["type"] == "http":
            problem = self.judge(scope["method"], scope["path"], Headers(scope=scope))
            if problem is not None:
                await problem.response()(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def judge(self, method: str, path: str, headers: Headers) -> Problem | None:
        """Return why a request is refused, or None."""
        site = headers.get("sec-fetch-site")
        if method in _SAFE:
            navigates = headers.get("sec-fetch-mode") == "navigate" and not path.startswith("/api/")
            if site in {None, "same-origin", "none"} or navigates:
                return None
            return _cross_site()
        is_read = path in self._reads
        if self._read_only and not is_read:
            return Problem(
                HTTPStatus.FORBIDDEN,
                "read-only",
                "this server was started with --read-only; start it without to steer a crawl",
            )
        if site is not None:
            return None if site == "same-origin" else _cross_site()
        origin = headers.get("origin")
        if origin is not None:
            # The scheme is not compared: behind a proxy, ours is not the browser's.
            same = origin.partition("://")[2] == headers.get("host", "")
            return None if same else _cross_site()
        if is_read or headers.get("authorization", "").lower().startswith("bearer "):
            return None
        return Problem(
            HTTPStatus.FORBIDDEN,
            "no-origin",
            "a request that changes something must say where it comes from: send Sec-Fetch-Site: "
            "same-origin, or a token as Authorization: Bearer",
        )


def _cross_site() -> Problem:
    return Problem(
        HTTPStatus.FORBIDDEN,
        "cross-site",
        "pages of other sites may link to this server, and neither read its data nor change "
        "anything; open its own page",
    )
