"""A page: its path, what it takes, its template, and the function that finds what it shows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.datastructures import QueryParams
from starlette.responses import HTMLResponse
from starlette.routing import Route

from crawlproj.serve.dashboard.templating import render
from crawlproj.serve.web import problems
from crawlproj.serve.web.parameters import Parameter, read_parameters
from crawlproj.serve.web.problems import Problem

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

Shows = Callable[["Request", Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""Returns what a template shows, given the values of the page's parameters by name."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the dashboard.

    path: as Starlette writes it. name: unique; also of the template. shows: may raise Problem.
    """

    path: str
    name: str
    shows: Shows
    parameters: tuple[Parameter, ...] = ()

    def route(self) -> Route:
        """Return the route to the page."""

        async def respond(request: Request) -> Response:
            try:
                given = given_in(request)
                values = read_parameters(self.parameters, given, request.path_params)
                shown = await self.shows(request, values)
            except Problem as exc:
                return problem_page(exc)
            return HTMLResponse(render(f"{self.name}.html", {**shown, "here": self.name}))

        return Route(self.path, respond, name=f"page-{self.name}")


def given_in(request: Request) -> QueryParams:
    """Return the parameters of a request; a form also sends its empty fields."""
    return QueryParams(
        [(name, value) for name, value in request.query_params.multi_items() if value]
    )


def problem_page(problem: Problem) -> HTMLResponse:
    """Return a problem as a page."""
    status = HTTPStatus(problem.status)
    shown = {"status": status.value, "phrase": status.phrase, "detail": problem.detail, "here": ""}
    return HTMLResponse(render("problem.html", shown), status.value, problem.headers)


async def on_http_exception(request: Request, exc: Exception) -> Response:
    """Answer what the router raises: as a page to a browser that asks for one."""
    response = await problems.on_http_exception(request, exc)
    wants_page = "text/html" in request.headers.get("accept", "")
    if not wants_page or request.url.path.startswith("/api/"):
        return response
    status = HTTPStatus(response.status_code)
    details = {HTTPStatus.NOT_FOUND: "there is no such page"}
    return problem_page(Problem(status, "page", details.get(status, status.phrase)))
