"""``/api/urls/{url}``: what became of one URL, and what waits before it."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from crawlproj.errors import ConfigError, FrontierError
from crawlproj.scheduling.serialize import found_at_of, referrer_of
from crawlproj.serve.api.answers import items_of, json_response
from crawlproj.serve.api.scan import MAX_BYTES
from crawlproj.serve.api.tables import TABLES
from crawlproj.serve.database.base import Caps
from crawlproj.serve.web.endpoint import Endpoint
from crawlproj.serve.web.parameters import MAX_URL, Parameter, Text
from crawlproj.serve.web.problems import Problem
from crawlproj.urls import normalize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from crawlproj.frontier.fate import Fate
    from crawlproj.serve.database.base import Connection
    from crawlproj.serve.frontiers import FrontierReader
    from crawlproj.serve.lanes.lanes import Lanes

_FRONTIER_S = 5.0
_LINKS = 20

_NUMBER, _INTEGER = {"type": ["number", "null"]}, {"type": ["integer", "null"]}
_JOB: dict[str, Any] = {
    "job": {"type": "string"},
    "site": {"type": "string"},
    "state": {
        "type": "string",
        "enum": ["pending", "delayed", "leased", "done", "failed", "skipped", "ended"],
        "description": "ended: done or skipped, where the frontier does not keep which",
    },
    "reason": {"type": "string"},
    "attempts": {"type": "integer"},
    "priority": {"type": "integer"},
    "not_before": {**_NUMBER, "description": "earliest time to fetch it, unix seconds"},
    "lease_until": {**_NUMBER, "description": "when the lease on it ends, unix seconds"},
    "worker": {"type": "string", "description": "who works on it"},
    "found_by": {
        "type": ["string", "null"],
        "description": "the page whose link led to it first; null for a start page, and where the "
        "frontier does not keep it",
    },
    "found_at": {
        **_INTEGER,
        "description": "when the crawl came upon it first, unix seconds; null where the frontier "
        "does not keep it",
    },
    "ahead": {**_INTEGER, "description": "entries of its site that are claimed before it"},
}
_ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["url", "jobs", "page", "failure", "skipped", "found_on"],
    "properties": {
        "url": {"type": "string", "description": "in normal form"},
        "jobs": {
            "type": ["array", "null"],
            "description": "null: the frontier cannot be read now",
            "items": {"type": "object", "required": list(_JOB), "properties": _JOB},
        },
        **{name: {"type": ["object", "null"]} for name in ("page", "failure", "skipped")},
        "found_on": {
            "type": "array",
            "description": f"pages that link to it, at most {_LINKS}, if PAGE_FIELDS has links; "
            "/api/links has all",
            "items": {
                "type": "object",
                "required": ["page", "text"],
                "properties": {"page": {"type": "string"}, "text": {"type": ["string", "null"]}},
            },
        },
    },
}
_STORED = {"page": "pages", "failure": "failures", "skipped": "skipped"}


def url_endpoint(frontier: FrontierReader, lanes: Lanes) -> Endpoint:
    """Return the endpoint."""

    async def respond(_: Request, values: Mapping[str, Any]) -> Response:
        url = normalize(values["url"]) or values["url"]
        jobs = await _jobs(frontier, url)

        async def work(connection: Connection) -> dict[str, Any]:
            return await _stored(connection, url, values["url"])

        try:
            stored, ran = await lanes.fast("url", work)
            headers = ran.headers
        except Problem as exc:
            if exc.name != "not-there" or not jobs:
                raise
            # The frontier alone knows it yet.
            stored = {**dict.fromkeys(_STORED), "found_on": []}
            headers = {}
        if not jobs and not any(stored.values()):
            raise Problem(
                HTTPStatus.NOT_FOUND,
                "no-url",
                "neither the frontier nor the store knows this URL; was it found, and is it in "
                "scope?",
                headers=headers,
            )
        return json_response({"url": url, "jobs": jobs, **stored}, headers)

    return Endpoint(
        "/api/urls/{url:path}",
        "url",
        "What became of one URL, and what waits before it",
        respond,
        (Parameter("url", Text(MAX_URL), "the URL, percent-encoded", where="path"),),
        _ANSWER,
        problems=(HTTPStatus.NOT_FOUND,),
    )


async def _jobs(frontier: FrontierReader, url: str) -> list[dict[str, Any]] | None:
    try:
        async with asyncio.timeout(_FRONTIER_S):
            return [_job(job, fate) for job, fate in await frontier.fates(url)]
    except (FrontierError, ConfigError, TimeoutError):
        return None


def _job(job: str, fate: Fate) -> dict[str, Any]:
    # Not the payload, which may hold cookies and headers.
    payload = fate.payload
    more = {"job": job, "found_by": referrer_of(payload), "found_at": found_at_of(payload)}
    return {name: more[name] if name in more else getattr(fate, name) for name in _JOB}


async def _stored(connection: Connection, url: str, given: str) -> dict[str, Any]:
    """Return the rows of the URL in each table, and the pages that link to it."""
    found: dict[str, Any] = {}
    for name, table in _STORED.items():
        columns = ("url", *TABLES[table].usual)
        sql = f"SELECT {', '.join(columns)} FROM {table} WHERE url IN (:url, :given) LIMIT 1"
        rows = (await connection.fetch(sql, {"url": url, "given": given}, Caps(1, MAX_BYTES))).rows
        found[name] = items_of(columns, rows)[0] if rows else None
    links = await connection.fetch(
        "SELECT page, text FROM links WHERE url = :url LIMIT :most",
        {"url": url, "most": _LINKS},
        Caps(_LINKS, MAX_BYTES),
    )
    found["found_on"] = items_of(("page", "text"), links.rows)
    return found
