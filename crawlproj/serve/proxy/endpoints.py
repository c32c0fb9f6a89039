"""``/api/queries`` and ``/api/queries/NAME``: the named queries as endpoints."""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from crawlproj.serve.api.answers import json_response
from crawlproj.serve.api.query import ANSWER, caps_of, table_body
from crawlproj.serve.lanes.lanes import STATE_SCHEMA
from crawlproj.serve.proxy.cache import Answer, AnswerCache
from crawlproj.serve.proxy.flights import Flights
from crawlproj.serve.proxy.queries import CURSOR
from crawlproj.serve.web.endpoint import Endpoint
from crawlproj.serve.web.parameters import Parameter
from crawlproj.serve.web.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

    from crawlproj.serve.database.base import Connection, Encoded
    from crawlproj.serve.lanes.lanes import Lanes
    from crawlproj.serve.proxy.queries import NamedQuery


def query_endpoints(queries: Sequence[NamedQuery], lanes: Lanes) -> list[Endpoint]:
    """Return an endpoint for each query, and one that lists them."""
    desk = _Desk(lanes)
    return [_list(queries, lanes), *(_endpoint(desk, query) for query in queries)]


def _list(queries: Sequence[NamedQuery], lanes: Lanes) -> Endpoint:
    items = [
        {
            "name": query.name,
            "summary": query.summary,
            "lane": query.lane,
            "limit": query.limit,
            "cache_s": query.cache_s,
        }
        for query in queries
    ]

    async def respond(_: Request, __: Mapping[str, Any]) -> Response:
        return json_response({"items": items, "lanes": lanes.state()})

    return Endpoint(
        "/api/queries",
        "queries",
        "The named queries, and what the lanes of their database do",
        respond,
        answer={
            "type": "object",
            "required": ["items", "lanes"],
            "properties": {
                "items": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["name", "summary", "lane", "limit", "cache_s"],
                    },
                },
                "lanes": STATE_SCHEMA,
            },
        },
    )


def _endpoint(desk: _Desk, query: NamedQuery) -> Endpoint:
    async def respond(request: Request, values: Mapping[str, Any]) -> Response:
        return await desk.respond(query, values, request.headers.get("if-none-match", ""))

    kept = f" An answer is kept for {query.cache_s:g} s." if query.cache_s else ""
    return Endpoint(
        f"/api/queries/{query.name}",
        f"query_{query.name}",
        query.summary,
        respond,
        (*query.parameters, *_cursor(query)),
        ANSWER,
        description=f"At most {query.limit} rows, in the {query.lane} lane.{kept} Equal queries in "
        "flight are answered once. The ETag changes with the answer.",
    )


def _cursor(query: NamedQuery) -> list[Parameter]:
    if not query.order.columns:
        return []
    return [Parameter(CURSOR, query.order.cursor, "where to go on: `next` of the answer before")]


class _Desk:
    """Answers named queries: from the cache, with one that is in flight, or from the database."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._cache = AnswerCache(time.monotonic)
        self._flights: Flights[Answer] = Flights()

    async def respond(
        self, query: NamedQuery, values: Mapping[str, Any], if_none_match: str
    ) -> Response:
        key = (query.name, tuple(values.items()))
        kept = self._cache.get(key)
        if kept is not None:
            (answer, left_s), lane = kept, "cache"
        else:
            answer = await self._flights.join(key, lambda: self._ask(query, values))
            left_s, lane = query.cache_s, answer.lane
            self._cache.put(key, answer, query.cache_s)
        headers = {"ETag": answer.tag, "Crawlproj-Lane": lane}
        if query.cache_s:
            headers["Cache-Control"] = f"private, max-age={int(left_s)}"
        if if_none_match and answer.is_one_of(if_none_match):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(answer.body, 200, headers, "application/json")

    async def _ask(self, query: NamedQuery, values: Mapping[str, Any]) -> Answer:
        bound = {each.name: values[each.name] for each in query.parameters}
        sql, more = query.order.sql(query.sql, values.get(CURSOR))
        caps = caps_of(query.limit, query.order)

        async def work(connection: Connection) -> Encoded:
            try:
                async with asyncio.timeout(query.seconds or None):
                    return await connection.encode(sql, {**bound, **more}, caps, "json")
            except TimeoutError:
                raise Problem(
                    HTTPStatus.GATEWAY_TIMEOUT,
                    "out-of-time",
                    f"the query was cancelled after {query.seconds:g} s, which its file sets",
                ) from None

        if query.lane == "fast":
            found, ran = await self._lanes.fast(query.name, work)
        else:
            found, ran = await self._lanes.slow(work)
        return Answer(table_body(found, query.order), ran.headers["Crawlproj-Lane"])
