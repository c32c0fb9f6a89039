"""An endpoint: its path, what it takes, what it answers, and the function that does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from crawlproj.serve.web.parameters import Parameter, read_parameters

if TYPE_CHECKING:
    from http import HTTPStatus

    from starlette.requests import Request
    from starlette.responses import Response

Handler = Callable[["Request", Mapping[str, Any]], Awaitable["Response"]]
"""Answers a request, given the values of its parameters by name."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path of the service.

    path: as Starlette writes it, with ``{name:path}`` for the rest of a path. name: unique.
    answer: JSON schema of the body; None for other media types, which ``media_types`` lists.
    body: JSON schema of the request's body. problems: statuses of the problems it may answer with,
    besides 400 for a wrong parameter and those of the middlewares. reads: a POST changes nothing.
    """

    path: str
    name: str
    summary: str
    handler: Handler
    parameters: tuple[Parameter, ...] = ()
    answer: Mapping[str, Any] | None = None
    media_types: tuple[str, ...] = ("application/json",)
    body: Mapping[str, Any] | None = None
    method: str = "GET"
    description: str = ""
    problems: tuple[HTTPStatus, ...] = field(default=())
    reads: bool = False

    def route(self) -> Route:
        """Return the route to the endpoint."""

        async def respond(request: Request) -> Response:
            values = read_parameters(self.parameters, request.query_params, request.path_params)
            return await self.handler(request, values)

        return Route(self.path, respond, methods=[self.method], name=self.name)
