"""The OpenAPI 3.1 description of the endpoints, made of what checks their parameters."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from crawlproj import __version__
from crawlproj.serve.web.problems import MEDIA_TYPE, SCHEMA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.serve.web.endpoint import Endpoint

# Of every endpoint: the parameters, and what the middlewares and the lanes answer.
_ALWAYS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)


def openapi(endpoints: Sequence[Endpoint], *, token: bool, root: str = "") -> dict[str, Any]:
    """Return the description. token: whether clients need one. root: the path of the server."""
    paths: dict[str, Any] = {}
    for endpoint in endpoints:
        path = re.sub(r"\{(\w+):\w+\}", r"{\1}", endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint)
    description: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "crawlproj",
            "version": __version__,
            "description": "What was crawled, and what is crawling. Errors are RFC 9457 problems.",
        },
        "paths": paths,
        "components": {"schemas": {"Problem": SCHEMA}},
    }
    if root:
        description["servers"] = [{"url": root}]
    if token:
        scheme = {"type": "http", "scheme": "bearer"}
        description["components"]["securitySchemes"] = {"token": scheme}
        description["security"] = [{"token": []}]
    return description


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    content = {
        media_type: {"schema": endpoint.answer} if endpoint.answer is not None else {}
        for media_type in endpoint.media_types
    }
    problem = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses: dict[str, Any] = {"200": {"description": "OK", "content": content}}
    for status in sorted({*_ALWAYS, *endpoint.problems}):
        responses[str(status.value)] = {"description": status.phrase, "content": problem}
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "parameters": [parameter.description_object() for parameter in endpoint.parameters],
        "responses": responses,
    }
    if endpoint.description:
        operation["description"] = endpoint.description
    if endpoint.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": endpoint.body}},
        }
    return operation
