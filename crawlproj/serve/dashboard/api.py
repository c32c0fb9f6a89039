"""The query service as the pages ask it: in this process, with the parameters that clients use.

So a page shows what the API answers, within the same lanes and caps.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.datastructures import QueryParams

from crawlproj.serve.web.parameters import read_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

    from crawlproj.serve.web.endpoint import Endpoint


class Api:
    """Endpoints by name."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self._endpoints = {endpoint.name: endpoint for endpoint in endpoints}

    def __contains__(self, name: str) -> bool:
        """Return whether there is such an endpoint."""
        return name in self._endpoints

    async def get(
        self,
        request: Request,
        name: str,
        path: Mapping[str, str] | None = None,
        **query: str | float | None,
    ) -> Any:
        """Return the JSON of an answer. Raises Problem.

        request: the one that the page answers. path, query: the parameters; None leaves one out.
        """
        endpoint = self._endpoints[name]
        given = QueryParams(
            [(key, str(value)) for key, value in query.items() if value is not None]
        )
        values = read_parameters(endpoint.parameters, given, path or {})
        return json.loads(bytes((await endpoint.handler(request, values)).body))
