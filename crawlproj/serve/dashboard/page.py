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


def problem_page(problem: Problem, template: str = "problem.html", **more: object) -> HTMLResponse:
    """Return a problem as a page. more: what the template shows besides."""
    status = HTTPStatus(problem.status)
    shown = {"phrase": status.phrase, "detail": problem.detail, "here": "", **more}
    return HTMLResponse(render(template, shown), status.value, problem.headers)
