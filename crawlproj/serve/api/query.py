"""``POST /api/query``: a SELECT of the user's own, read-only, with bound parameters."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from crawlproj.serve.database.base import Caps
from crawlproj.serve.database.encoding import json_bytes
from crawlproj.serve.web.endpoint import Endpoint
from crawlproj.serve.web.parameters import CONTROL
from crawlproj.serve.web.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from crawlproj.serve.database.base import Connection, Encoded
    from crawlproj.serve.lanes.lanes import Lanes

MAX_ROWS, USUAL_ROWS = 10_000, 1000
MAX_BYTES = 4 * 1024 * 1024
_MAX_SQL = 20_000
_MAX_PARAMETERS = 100

_BODY: dict[str, Any] = {
    "type": "object",
    "required": ["sql"],
    "additionalProperties": False,
    "properties": {
        "sql": {"type": "string", "minLength": 1, "maxLength": _MAX_SQL},
        "parameters": {
            "type": "object",
            "description": "the values of :name in the SQL",
            "maxProperties": _MAX_PARAMETERS,
            "additionalProperties": {"type": ["string", "number", "integer", "boolean", "null"]},
        },
        "limit": {
            "type": "integer",
            "minimum": 1,
            "maximum": MAX_ROWS,
            "default": USUAL_ROWS,
            "description": "the most rows of the answer",
        },
    },
}
ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["columns", "rows", "cut"],
    "properties": {
        "columns": {"type": "array", "items": {"type": "string"}},
        "rows": {"type": "array", "items": {"type": "array"}},
        "cut": {
            "type": ["string", "null"],
            "enum": ["rows", "bytes", None],
            "description": "what was used up when there were more rows: order by a column, and "
            "ask for those after the last one",
        },
    },
}


def query_endpoint(lanes: Lanes) -> Endpoint:
    """Return the endpoint."""

    async def respond(request: Request, _: Mapping[str, Any]) -> Response:
        asked = await _read(request)

        async def work(connection: Connection) -> Encoded:
            await connection.check_role()
            caps = Caps(asked["limit"], MAX_BYTES)
            return await connection.encode(asked["sql"], asked["parameters"], caps, "json")

        found, ran = await lanes.slow(work)
        return Response(table_body(found), 200, ran.headers, "application/json")

    return Endpoint(
        "/api/query",
        "query",
        "A SELECT of your own, in the slow lane",
        respond,
        answer=ANSWER,
        body=_BODY,
        method="POST",
        reads=True,
        description="One SELECT over pages, links, failures, skipped, dropped_items and the tables "
        f"of your items. At most {MAX_ROWS} rows and {MAX_BYTES} bytes.",
        problems=(HTTPStatus.UNSUPPORTED_MEDIA_TYPE,),
    )


def table_body(found: Encoded) -> bytes:
    """Return encoded rows as ANSWER describes."""
    parts = (
        b'{"columns":',
        json_bytes(found.columns),
        b',"rows":[',
        *found.chunks,
        b'],"cut":',
        json_bytes(found.cut or None),
        b"}",
    )
    return b"".join(parts)


async def _read(request: Request) -> dict[str, Any]:
    """Return the body, checked, with defaults. Raises Problem."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "not-json",
            'send JSON, with Content-Type: application/json: {"sql": "SELECT …"}',
        )
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError) as exc:
        raise _bad(f"is not JSON: {exc}") from None
    if not isinstance(body, dict) or not isinstance(body.get("sql"), str):
        raise _bad('must be an object with "sql", the text of a SELECT')
    if unknown := set(body) - {"sql", "parameters", "limit"}:
        raise _bad(f"has {min(unknown)!r}; it takes sql, parameters and limit")
    sql, parameters = body["sql"], body.get("parameters", {})
    limit = body.get("limit", USUAL_ROWS)
    if not 1 <= len(sql) <= _MAX_SQL or CONTROL.search(sql):
        raise _bad(f"has an sql that is empty, longer than {_MAX_SQL}, or has NUL in it")
    if type(limit) is not int or not 1 <= limit <= MAX_ROWS:
        raise _bad(f"has a limit that is not a whole number from 1 to {MAX_ROWS}")
    if not isinstance(parameters, dict) or len(parameters) > _MAX_PARAMETERS:
        raise _bad(f"has parameters that are not an object of at most {_MAX_PARAMETERS}")
    for name, value in parameters.items():
        if not _can_be_bound(value):
            raise _bad(
                f"has a parameter {name[:100]!r} that is not text, a number, true, false or null"
            )
    return {"sql": sql, "parameters": parameters, "limit": limit}


def _can_be_bound(value: Any) -> bool:
    if isinstance(value, str):
        return not CONTROL.search(value)
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return value is None or (isinstance(value, float) and abs(value) < float("inf"))


def _bad(detail: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, "bad-body", f"the body {detail}")
