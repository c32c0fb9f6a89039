"""Errors as RFC 9457 problem details: each says what is wrong, and what to do."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

MEDIA_TYPE = "application/problem+json"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "a stable name: urn:crawlproj:problem:NAME"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what is wrong, and what to do"},
        "parameter": {"type": "string", "description": "the parameter that is wrong"},
    },
}


class Problem(Exception):
    """An answer other than the one asked for.

    name: stable, for programs: "bad-parameter". detail: a sentence for people that says what to do.
    parameter: the name of the one that is wrong. retry_after_s: when asking again makes sense.
    """

    def __init__(
        self,
        status: HTTPStatus,
        name: str,
        detail: str,
        *,
        parameter: str = "",
        retry_after_s: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.name = name
        self.detail = detail
        self.parameter = parameter
        self.headers = dict(headers or {})
        if retry_after_s is not None:
            self.headers["Retry-After"] = str(max(1, round(retry_after_s)))

    def response(self) -> Response:
        """Return the problem as a response."""
        content = {
            "type": f"urn:crawlproj:problem:{self.name}",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
        }
        if self.parameter:
            content["parameter"] = self.parameter
        body = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
        return Response(body, self.status.value, self.headers, MEDIA_TYPE)


def bad_parameter(name: str, detail: str) -> Problem:
    """Return the problem of a parameter ``name`` that is wrong."""
    return Problem(HTTPStatus.BAD_REQUEST, "bad-parameter", f"{name} {detail}", parameter=name)


async def on_problem(_: Request, exc: Exception) -> Response:
    """Answer a Problem that an endpoint raised."""
    assert isinstance(exc, Problem)  # noqa: S101 - registered for it
    return exc.response()


async def on_http_exception(_: Request, exc: Exception) -> Response:
    """Answer what the router raises: no such path, or no such method."""
    assert isinstance(exc, HTTPException)  # noqa: S101 - registered for it
    status = HTTPStatus(exc.status_code)
    details = {
        HTTPStatus.NOT_FOUND: "there is no such path; /api/openapi.json lists them",
        HTTPStatus.METHOD_NOT_ALLOWED: "this path does not take that method; see the header Allow",
    }
    name = status.phrase.lower().replace(" ", "-")
    return Problem(
        status, name, details.get(status, str(exc.detail)), headers=exc.headers
    ).response()


async def on_error(_: Request, __: Exception) -> Response:
    """Answer a fault of this program without showing its insides; the server logs them."""
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "fault",
        "the server has a fault; its log has the traceback: please report it",
    ).response()
