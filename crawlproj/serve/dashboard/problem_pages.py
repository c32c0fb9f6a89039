"""Problems as pages, for browsers."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers
from starlette.requests import Request

from crawlproj.serve.dashboard.page import problem_page
from crawlproj.serve.web.problems import MEDIA_TYPE, Problem

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_KEPT = ("allow", "retry-after", "www-authenticate")


class ProblemPages:
    """An ASGI middleware that answers a browser with a page where a program gets a problem.

    Below /api/ everybody gets problems, except that a browser without the token is asked for it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or "text/html" not in Headers(scope=scope).get("accept", ""):
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        body = b""

        async def send_page(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and _becomes_page(scope, message):
                start = message
            elif start is None:
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    await _page(Request(scope), start, json.loads(body))(scope, receive, send)

        await self._app(scope, receive, send_page)


def _becomes_page(scope: Scope, start: Message) -> bool:
    if Headers(raw=start["headers"]).get("content-type") != MEDIA_TYPE:
        return False
    return start["status"] == HTTPStatus.UNAUTHORIZED or not scope["path"].startswith("/api/")


def _page(request: Request, start: Message, content: dict[str, Any]) -> Response:
    given = Headers(raw=start["headers"])
    name = content["type"].rpartition(":")[2]
    detail = "there is no such page" if name == "not-found" else content["detail"]
    kept = {header: given[header] for header in _KEPT if header in given}
    problem = Problem(HTTPStatus(start["status"]), name, detail, headers=kept)
    if start["status"] != HTTPStatus.UNAUTHORIZED:
        return problem_page(problem)
    rest = [(k, v) for k, v in request.query_params.multi_items() if k != "token"]
    wrong = "token" in request.query_params
    return problem_page(problem, "token.html", path=request.url.path, rest=rest, wrong=wrong)
