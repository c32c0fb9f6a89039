"""``/api/export/…``: a whole table, streamed, in stretches that each take the slow lane briefly.

So an export holds up other slow queries no longer than one of its stretches takes, and a client
that reads slowly holds up nobody.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.responses import StreamingResponse

from crawlproj.serve.api.scan import Scan
from crawlproj.serve.api.tables import TABLES
from crawlproj.serve.database.base import Caps
from crawlproj.serve.database.encoding import Encoder
from crawlproj.serve.web.endpoint import Endpoint
from crawlproj.serve.web.parameters import MAX_URL, Choice, Integer, Parameter, Text
from crawlproj.serve.web.problems import Problem

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Message, Send

    from crawlproj.serve.api.tables import Table
    from crawlproj.serve.database.base import Connection, Encoded
    from crawlproj.serve.lanes.lanes import Lanes

MAX_ROWS, USUAL_ROWS = 1_000_000, 100_000
_AT_ONCE = 4
_STRETCH_ROWS, _STRETCH_BYTES = 2000, 1024 * 1024
_LOOKED_AT = 5000  # rows of a stretch, however few of them the filters let through
_TRIES = 10  # to get a turn in the slow lane in mid-stream
_STALL_S = 30.0  # a client that takes nothing for so long is gone
_MEDIA_TYPES = {"ndjson": "application/x-ndjson", "csv": "text/csv"}


def export_endpoints(lanes: Lanes) -> list[Endpoint]:
    """Return an endpoint for each table."""
    exports = _Exports(lanes)
    return [_endpoint(exports, table) for table in TABLES.values()]


def _endpoint(exports: _Exports, table: Table) -> Endpoint:
    async def respond(_: Request, values: Mapping[str, Any]) -> Response:
        return await exports.begin(table, values)

    return Endpoint(
        f"/api/export/{table.name}",
        f"export_{table.name}",
        f"The {table.name} as a stream of NDJSON or CSV, in the order of their URLs",
        respond,
        (
            *table.parameters,
            Parameter("format", Choice(("ndjson", "csv")), "of the rows", default="ndjson"),
            Parameter("limit", Integer(1, MAX_ROWS), "the most rows", default=USUAL_ROWS),
            Parameter("after_url", Text(MAX_URL), "begin after this URL"),
        ),
        media_types=tuple(_MEDIA_TYPES.values()),
        description="An export with as many rows as `limit`, or one that was cut off, goes on with "
        "`after_url`, the URL of the last whole row. In CSV, text that a spreadsheet would run has "
        f"an apostrophe before it. At most {_AT_ONCE} exports run at a time.",
    )


class _Exports:
    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._running = 0

    async def begin(self, table: Table, values: Mapping[str, Any]) -> Response:
        """Return the response; raises Problem if even its first stretch cannot be had."""
        if self._running >= _AT_ONCE:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "too-many-exports",
                f"{_AT_ONCE} exports are running; ask again when one has ended",
                retry_after_s=10,
            )
        self._running += 1
        rows = self._rows(table, values)
        try:
            first = await anext(rows, b"")
        except BaseException:
            await rows.aclose()
            raise
        form = values["format"]
        name = f'attachment; filename="{table.name}.{form}"'
        return _TimedStream(
            _with_first(first, rows),
            media_type=_MEDIA_TYPES[form],
            headers={"Content-Disposition": name, "Crawlproj-Lane": "slow"},
        )

    async def _rows(self, table: Table, values: Mapping[str, Any]) -> AsyncGenerator[bytes, None]:
        scan = Scan(table, values, self._lanes.database.dialect, time.monotonic)
        position, left = values["after_url"], values["limit"]
        heading = Encoder(values["format"], scan.columns).heading()
        try:
            while left:
                caps = Caps(min(left, _STRETCH_ROWS), _STRETCH_BYTES, key=("url",))
                found, position = await self._stretch(scan, position, caps, values["format"])
                if found is None:
                    break
                yield b"".join((heading, *found.chunks))
                heading = b""
                left -= found.rows
            if heading:
                yield heading
        finally:
            self._running -= 1

    async def _stretch(
        self, scan: Scan, position: str | None, caps: Caps, form: Any
    ) -> tuple[Encoded | None, str | None]:
        async def work(connection: Connection) -> tuple[Encoded | None, str | None]:
            return await scan.encode(connection, position, caps, form, _LOOKED_AT)

        for _ in range(_TRIES):
            try:
                return (await self._lanes.slow(work))[0]
            except Problem as exc:
                if exc.name != "lane-full":
                    raise
                refused = exc
            await asyncio.sleep(1.0)
        raise refused


async def _with_first(
    first: bytes, rest: AsyncGenerator[bytes, None]
) -> AsyncGenerator[bytes, None]:
    async with aclosing(rest):
        yield first
        async for chunk in rest:
            yield chunk


class _TimedStream(StreamingResponse):
    """Cuts off a client that takes nothing any more."""

    async def stream_response(self, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(_STALL_S):
                await send(message)

        await super().stream_response(send_in_time)
