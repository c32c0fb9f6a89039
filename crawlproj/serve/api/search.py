"""``/api/search``: pages by their words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawlproj.serve.api.answers import json_response, list_schema
from crawlproj.serve.search.base import CANDIDATES, Hits, Search, split_marks
from crawlproj.serve.search.postgres import search_postgres
from crawlproj.serve.search.sqlite import search_sqlite
from crawlproj.serve.search.terms import parse
from crawlproj.serve.web.cursors import Cursor, cursor_of
from crawlproj.serve.web.endpoint import Endpoint
from crawlproj.serve.web.parameters import MAX_URL, Integer, Parameter, Text
from crawlproj.serve.web.problems import bad_parameter
from crawlproj.store.url_ranges import ranges

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from crawlproj.serve.database.base import Connection
    from crawlproj.serve.lanes.lanes import Lanes

_SEARCHES: dict[str, Search] = {"sqlite": search_sqlite, "postgresql": search_postgres}

_ITEM: dict[str, Any] = {
    "type": "object",
    "required": ["url", "title", "snippet"],
    "properties": {
        "url": {"type": "string"},
        "title": {"type": "string"},
        "snippet": {
            "type": "array",
            "description": "a part of the text: plain text, what matches apart from the rest",
            "items": {
                "type": "object",
                "required": ["text", "match"],
                "properties": {"text": {"type": "string"}, "match": {"type": "boolean"}},
            },
        },
    },
}


def search_endpoint(lanes: Lanes) -> Endpoint:
    """Return the endpoint."""
    search = _SEARCHES[lanes.database.dialect.name]

    async def respond(_: Request, values: Mapping[str, Any]) -> Response:
        try:
            query = parse(values["q"])
        except ValueError as exc:
            raise bad_parameter("q", str(exc)) from None
        within = ranges(values["site"], values["prefix"])

        async def work(connection: Connection) -> Hits:
            return await search(connection, query, within, values["cursor"], values["limit"])

        narrow = values["site"] is not None or values["prefix"] is not None
        found, ran = await lanes.fast("search(site)" if narrow else "search", work)
        more = len(found.hits) == values["limit"]
        answer = {
            "items": [
                {"url": hit.url, "title": hit.title, "snippet": split_marks(hit.snippet)}
                for hit in found.hits
            ],
            "next": cursor_of(found.hits[-1].rank, found.hits[-1].url) if more else None,
            "bounded": found.bounded,
            "ranking": found.ranking,
        }
        return json_response(answer, ran.headers)

    return Endpoint(
        "/api/search",
        "search",
        "Pages by their words, the best first",
        respond,
        (
            Parameter("q", Text(500), 'word, "a phrase", begin*, -without', required=True),
            Parameter("site", Text(300), "the host, with the port unless it is the usual one"),
            Parameter("prefix", Text(MAX_URL), "how the URL begins"),
            Parameter("limit", Integer(1, 100), "the most items of the answer", default=20),
            Parameter(
                "cursor", Cursor((float, str)), "where to go on: `next` of the answer before"
            ),
        ),
        list_schema(
            _ITEM,
            bounded={
                "type": "boolean",
                "description": f"whether more pages match than the {CANDIDATES} that were ranked: "
                "add words, or a site",
            },
            ranking={
                "type": "string",
                "enum": ["relevance", "title"],
                "description": "title: the words are too common to weigh them, so pages that have "
                "them in the title come first",
            },
        ),
        description="Needs a crawl with STORE_SEARCH=1.",
    )
