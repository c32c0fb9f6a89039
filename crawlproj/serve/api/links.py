"""``/api/links``: which pages link to a URL, where ``PAGE_FIELDS`` has ``links``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawlproj.serve.api.answers import items_of, json_response, list_schema
from crawlproj.serve.api.rows import LIMIT
from crawlproj.serve.api.scan import MAX_BYTES
from crawlproj.serve.database.base import Caps
from crawlproj.serve.web.cursors import Cursor, cursor_of
from crawlproj.serve.web.endpoint import Endpoint
from crawlproj.serve.web.parameters import MAX_URL, Parameter, Text
from crawlproj.urls import normalize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from crawlproj.serve.database.base import Connection, Rows
    from crawlproj.serve.lanes.lanes import Lanes

_COLUMNS = ("page", "position", "text", "rel")
_CURSOR = Parameter("cursor", Cursor((str, int)), "where to go on: `next` of the answer before")
_ITEM: dict[str, Any] = {
    "type": "object",
    "required": list(_COLUMNS),
    "properties": {
        "page": {"type": "string", "description": "the URL of the page that has the link"},
        "position": {"type": "integer", "description": "among the links of that page, from 0"},
        "text": {"type": ["string", "null"]},
        "rel": {"type": ["string", "null"]},
    },
}


def links_endpoint(lanes: Lanes) -> Endpoint:
    """Return the endpoint."""
    page = f"page{lanes.database.dialect.by_bytes}"

    async def respond(_: Request, values: Mapping[str, Any]) -> Response:
        limit, after = values["limit"], values["cursor"]
        parameters = {
            "url": normalize(values["url"]) or values["url"],
            "limit": limit + 1,  # whether there is one more
        }
        where = "url = :url"
        if after:
            where += f" AND ({page}, position) > (:page, :position)"
            parameters |= dict(zip(("page", "position"), after, strict=True))
        sql = (
            f"SELECT {', '.join(_COLUMNS)} FROM links WHERE {where} "
            f"ORDER BY {page}, position LIMIT :limit"
        )

        async def work(connection: Connection) -> Rows:
            return await connection.fetch(sql, parameters, Caps(limit, MAX_BYTES))

        found, ran = await lanes.fast("links", work)
        last = found.rows[-1] if found.cut and found.rows else None
        answer = {
            "items": items_of(_COLUMNS, found.rows),
            "next": cursor_of(last[0], last[1]) if last else None,
        }
        return json_response(answer, ran.headers)

    return Endpoint(
        "/api/links",
        "links",
        "The links to a URL, in the order of their pages",
        respond,
        (Parameter("url", Text(MAX_URL), "where they lead", required=True), LIMIT, _CURSOR),
        list_schema(_ITEM),
    )
