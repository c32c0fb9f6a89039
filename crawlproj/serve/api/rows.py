"""``/api/pages``, ``/api/failures``, ``/api/skipped``: the tables of a store, row by row."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from crawlproj.serve.api.answers import items_of, json_response, list_schema
from crawlproj.serve.api.scan import MAX_BYTES, Scan
from crawlproj.serve.api.tables import FAILURES, PAGES, SKIPPED
from crawlproj.serve.database.base import Caps
from crawlproj.serve.web.cursors import Cursor, cursor_of
from crawlproj.serve.web.endpoint import Endpoint
from crawlproj.serve.web.parameters import MAX_URL, Integer, Names, Parameter, Text
from crawlproj.serve.web.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from crawlproj.serve.api.tables import Table
    from crawlproj.serve.database.base import Connection
    from crawlproj.serve.lanes.lanes import Lanes

MAX_ROWS = 1000
_BUDGET_S = 0.12  # of looking at rows; the last stretch comes on top
_SLOW_BUDGET_S = 5.0

LIMIT = Parameter("limit", Integer(1, MAX_ROWS), "the most items of the answer", default=100)
CURSOR = Parameter("cursor", Cursor((str,)), "where to go on: `next` of the answer before")


def row_endpoints(lanes: Lanes) -> list[Endpoint]:
    """Return the endpoints of the tables."""
    lists = [_list(lanes, table) for table in (PAGES, FAILURES, SKIPPED)]
    return [*lists, _page(lanes)]


def _list(lanes: Lanes, table: Table) -> Endpoint:
    async def respond(_: Request, values: Mapping[str, Any]) -> Response:
        scan = Scan(table, values, lanes.database.dialect, time.monotonic)
        shape = f"{table.name}({', '.join((*scan.filters, *_heavy(scan.columns)))})"
        after = values["cursor"][0] if values["cursor"] else None

        async def work(connection: Connection) -> Any:
            budget_s = _SLOW_BUDGET_S if lanes.is_demoted(shape) else _BUDGET_S
            return await scan.read(connection, after, values["limit"], budget_s)

        found, ran = await lanes.fast(shape, work)
        answer = {
            "items": items_of(scan.columns, found.rows),
            "next": None if found.after is None else cursor_of(found.after),
            "partial": found.after is not None and len(found.rows) < values["limit"],
        }
        return json_response(answer, ran.headers)

    return Endpoint(
        f"/api/{table.name}",
        table.name,
        f"The {table.name} in the order of their URLs, by site, prefix, time and more",
        respond,
        (*table.parameters, LIMIT, CURSOR),
        list_schema(
            table.schema(),
            partial={
                "type": "boolean",
                "description": "whether it stopped early, because time or bytes were used up, "
                "though more may follow: go on with `next`",
            },
        ),
    )


def _heavy(columns: tuple[str, ...]) -> list[str]:
    """Return the columns that make rows large."""
    large = {"text", "html", "markdown", "main_text", "main_markdown", "structured_data", "images"}
    return [name for name in columns if name in large]


def _page(lanes: Lanes) -> Endpoint:
    async def respond(_: Request, values: Mapping[str, Any]) -> Response:
        columns = ("url", *values["fields"])
        sql = f"SELECT {', '.join(columns)} FROM pages WHERE url = :url"

        async def work(connection: Connection) -> Any:
            return await connection.fetch(sql, {"url": values["url"]}, Caps(1, 8 * MAX_BYTES))

        found, ran = await lanes.fast("page", work)
        if not found.rows:
            raise Problem(
                HTTPStatus.NOT_FOUND,
                "no-page",
                "the store has no page with this URL; /api/urls/ says what became of it",
                headers=ran.headers,
            )
        return json_response(items_of(columns, found.rows)[0], ran.headers)

    everything = tuple(name for name in PAGES.fields if name != "html")
    return Endpoint(
        "/api/pages/{url:path}",
        "page",
        "One page with all its fields",
        respond,
        (
            Parameter("url", Text(MAX_URL), "its URL, percent-encoded", where="path"),
            Parameter("fields", Names(PAGES.fields), "its fields, besides url", default=everything),
        ),
        PAGES.schema(),
        problems=(HTTPStatus.NOT_FOUND,),
    )
