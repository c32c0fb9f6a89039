"""The ASGI application: endpoints behind the middlewares that keep it safe."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route

from crawlproj.serve.api.answers import json_response
from crawlproj.serve.api.export import export_endpoints
from crawlproj.serve.api.links import links_endpoint
from crawlproj.serve.api.query import query_endpoint
from crawlproj.serve.api.rows import row_endpoints
from crawlproj.serve.api.search import search_endpoint
from crawlproj.serve.api.sites import site_endpoints
from crawlproj.serve.api.summary import summary_endpoint
from crawlproj.serve.api.urls import url_endpoint
from crawlproj.serve.dashboard.problem_pages import ProblemPages
from crawlproj.serve.dashboard.routes import Dashboard
from crawlproj.serve.proxy.endpoints import query_endpoints
from crawlproj.serve.security.headers import SecurityHeaders
from crawlproj.serve.security.hosts import HostCheck
from crawlproj.serve.security.origins import OriginCheck
from crawlproj.serve.security.requests import BoundedRequests
from crawlproj.serve.security.tokens import TokenCheck
from crawlproj.serve.web.openapi import openapi
from crawlproj.serve.web.problems import Problem, on_error, on_http_exception, on_problem
from crawlproj.serve.web.root_path import RootPath

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

    from crawlproj.serve.config import Listening
    from crawlproj.serve.service import Service
    from crawlproj.serve.web.endpoint import Endpoint


def create_app(service: Service) -> ASGIApp:
    """Return the application. It closes ``service`` when the server shuts down."""

    endpoints = api_endpoints(service)
    dashboard = Dashboard(service, endpoints)
    service.on_ending.append(dashboard.end)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await dashboard.close()
            await service.close()

    listening = service.config.listening
    routes: list[BaseRoute] = [endpoint.route() for endpoint in endpoints]
    routes.append(_description(endpoints, listening))
    routes += dashboard.routes()
    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=middlewares(listening, _reads(endpoints)),
        exception_handlers={
            Problem: on_problem,
            HTTPException: on_http_exception,
            Exception: on_error,
        },
    )
    app.router.redirect_slashes = False
    # Outside of what answers faults, so that those have the headers, and browsers a page, too.
    return RootPath(SecurityHeaders(ProblemPages(app)), listening.root_path)


def api_endpoints(service: Service) -> list[Endpoint]:
    """Return all endpoints of the query service."""
    proxied = service.proxied
    named = query_endpoints(service.config.queries, proxied) if proxied is not None else []
    return [
        *named,
        summary_endpoint(service.overview, service.lanes),
        *site_endpoints(service.overview, service.lanes),
        *row_endpoints(service.lanes),
        url_endpoint(service.frontier, service.lanes),
        links_endpoint(service.lanes),
        search_endpoint(service.lanes),
        query_endpoint(service.lanes),
        *export_endpoints(service.lanes),
    ]


def middlewares(listening: Listening, reads: Sequence[str]) -> list[Middleware]:
    """Return the middlewares, the outermost first.

    reads: paths that take a POST and change nothing.
    """
    checks = [
        Middleware(HostCheck, listening.names),
        Middleware(OriginCheck, reads, read_only=listening.read_only),
    ]
    if listening.token:
        secure = listening.behind_proxy or listening.certificate is not None
        checks.append(
            Middleware(
                TokenCheck,
                listening.token,
                secure=secure,
                behind_proxy=listening.behind_proxy,
                public=("/static/",),  # what the page that asks for the token is made of
            )
        )
    checks.append(Middleware(BoundedRequests))
    return checks


def _reads(endpoints: Sequence[Endpoint]) -> list[str]:
    return [endpoint.path for endpoint in endpoints if endpoint.reads]


def _description(endpoints: Sequence[Endpoint], listening: Listening) -> Route:
    token, root = bool(listening.token), listening.root_path
    description: dict[str, Any] = openapi(endpoints, token=token, root=root)

    async def respond(_: Request) -> Response:
        return json_response(description)

    return Route("/api/openapi.json", respond, name="openapi")
