"""``POST /api/query``: a SELECT of the user's own, read-only, with bound parameters."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from crawlproj.serve.api.ordering import MAX_COLUMNS, SECONDS, Order
from crawlproj.serve.api.scan import MAX_BYTES
from crawlproj.serve.database.base import Caps
from crawlproj.serve.database.encoding import json_bytes
from crawlproj.serve.web.cursors import MAX_CURSOR
from crawlproj.serve.web.endpoint import Endpoint
from crawlproj.serve.web.parameters import CONTROL
from crawlproj.serve.web.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from crawlproj.serve.database.base import Connection, Encoded
    from crawlproj.serve.lanes.lanes import Lanes

MAX_ROWS, USUAL_ROWS = 10_000, 1000
_MAX_SQL = 20_000
_MAX_PARAMETERS = 100
_MAX_NAME = 200

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
        "order_by": {
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_COLUMNS,
            "uniqueItems": True,
            "items": {"type": "string", "minLength": 1, "maxLength": _MAX_NAME},
            "description": "columns of the answer that together tell its rows apart: the answer "
            "comes in their order, and `next` goes on where it was cut. Rows with NULL in one of "
            "them are left out",
        },
        "descending": {"type": "boolean", "default": False, "description": "of order_by"},
        "cursor": {
            "type": "string",
            "maxLength": MAX_CURSOR,
            "description": "`next` of an answer to the same sql, parameters and order_by",
        },
    },
}
ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["columns", "rows", "cut", "next"],
    "properties": {
        "columns": {"type": "array", "items": {"type": "string"}},
        "rows": {"type": "array", "items": {"type": "array"}},
        "cut": {
            "type": ["string", "null"],
            "enum": ["rows", "bytes", "time", None],
            "description": "what was used up when there were more rows",
        },
        "next": {
            "type": ["string", "null"],
            "description": "the cursor of the rows that follow, if the answer was cut and has an "
            "order_by",
        },
    },
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A body that was checked. after: the key of the last row that was seen."""

    sql: str
    parameters: dict[str, Any]
    limit: int
    order: Order
    after: tuple[Any, ...] | None


def query_endpoint(lanes: Lanes) -> Endpoint:
    """Return the endpoint."""

    async def respond(request: Request, _: Mapping[str, Any]) -> Response:
        asked = await _read(request)
        sql, more = asked.order.sql(asked.sql, asked.after)
        caps = caps_of(asked.limit, asked.order)

        async def work(connection: Connection) -> Encoded:
            await connection.check_role()
            return await connection.encode(sql, {**asked.parameters, **more}, caps, "json")

        found, ran = await lanes.slow(work)
        body = table_body(found, asked.order)
        return Response(body, 200, ran.headers, "application/json")

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
        f"of your items. At most {MAX_ROWS} rows and {MAX_BYTES} bytes. With order_by, `next` goes "
        "on with the rows that follow where an answer was cut, which it also is after "
        f"{SECONDS:g} s.",
        problems=(HTTPStatus.UNSUPPORTED_MEDIA_TYPE,),
    )


def caps_of(rows: int, order: Order) -> Caps:
    """Return the caps of an answer in an order of at most ``rows`` rows."""
    return Caps(rows, MAX_BYTES, SECONDS if order.columns else math.inf, order.columns)


def table_body(found: Encoded, order: Order) -> bytes:
    """Return encoded rows as ANSWER describes."""
    parts = (
        b'{"columns":',
        json_bytes(found.columns),
        b',"rows":[',
        *found.chunks,
        b'],"cut":',
        json_bytes(found.cut or None),
        b',"next":',
        json_bytes(order.next(found)),
        b"}",
    )
    return b"".join(parts)


async def _read(request: Request) -> _Asked:
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
    if unknown := set(body) - set(_BODY["properties"]):
        raise _bad(f"has {min(unknown)!r}; it takes {', '.join(_BODY['properties'])}")
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
    order, after = _order(body)
    return _Asked(sql, parameters, limit, order, after)


def _order(body: Mapping[str, Any]) -> tuple[Order, tuple[Any, ...] | None]:
    """Return the order that a body asks for, and where it goes on. Raises Problem."""
    columns, descending = body.get("order_by", []), body.get("descending", False)
    if not isinstance(columns, list) or not all(map(_is_name, columns)):
        raise _bad("has an order_by that is not a list of names of columns")
    if ("order_by" in body and not 1 <= len(columns) <= MAX_COLUMNS) or len(set(columns)) < len(
        columns
    ):
        raise _bad(f"must have 1 to {MAX_COLUMNS} different columns in order_by")
    if not isinstance(descending, bool):
        raise _bad("has descending, which must be true or false")
    order = Order(tuple(columns), descending)
    cursor = body.get("cursor")
    if cursor is None:
        return order, None
    if not columns:
        raise _bad("has a cursor and no order_by: repeat the body of the answer that it is of")
    try:
        return order, order.cursor.read(cursor if isinstance(cursor, str) else "")
    except ValueError as exc:
        raise _bad(f"has a cursor that {exc}") from None


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= _MAX_NAME and not CONTROL.search(value)


def _can_be_bound(value: Any) -> bool:
    if isinstance(value, str):
        return not CONTROL.search(value)
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return value is None or (isinstance(value, float) and abs(value) < float("inf"))


def _bad(detail: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, "bad-body", f"the body {detail}")
