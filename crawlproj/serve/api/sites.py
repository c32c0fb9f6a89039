"""``/api/sites`` and ``/api/sites/{site}``: what became of the URLs of each site."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from crawlproj.frontier.base import Totals
from crawlproj.serve.api.answers import json_response, list_schema
from crawlproj.serve.api.summary import TOTALS_SCHEMAS, totals_object
from crawlproj.serve.database.base import Caps
from crawlproj.serve.web.cursors import Cursor, cursor_of
from crawlproj.serve.web.endpoint import Endpoint
from crawlproj.serve.web.parameters import Choice, Integer, Parameter, Text
from crawlproj.serve.web.problems import Problem
from crawlproj.store.url_ranges import ranges, where_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from crawlproj.frontier.job_status import JobStatus
    from crawlproj.serve.api.summary import Overview
    from crawlproj.serve.cached import Taken
    from crawlproj.serve.database.base import Connection
    from crawlproj.serve.lanes.lanes import Lanes

_PATIENCE_S = 5.0
_MOST = 10_000  # rows of a site that are counted one by one
_SORTS = ("site", "discovered", "pending", "leased", "done", "failed", "skipped")

_SITE: dict[str, Any] = {"site": {"type": "string"}, **TOTALS_SCHEMAS}
_ITEM: dict[str, Any] = {"type": "object", "required": list(_SITE), "properties": _SITE}
_COUNT: dict[str, Any] = {
    "type": "object",
    "required": ["count", "more"],
    "properties": {
        "count": {"type": "integer"},
        "more": {"type": "boolean", "description": f"whether it stopped counting at {_MOST}"},
    },
}


@dataclass(frozen=True, slots=True)
class _Key:
    """Where a site stands in a list: by a number, the highest first, then by name."""

    number: int
    site: str

    def __lt__(self, other: _Key) -> bool:
        return (-self.number, self.site) < (-other.number, other.site)


class SiteLists:
    """The sites of all jobs, sorted in each way once for all who ask. Pure."""

    def __init__(self) -> None:
        self._taken: Taken[list[JobStatus]] | None = None
        self._sites: dict[str, Totals] = {}
        self._sorted: dict[str, list[_Key]] = {}

    def of(self, taken: Taken[list[JobStatus]]) -> Mapping[str, Totals]:
        """Return the counts by site, over all jobs."""
        if taken is not self._taken:
            self._taken, self._sorted = taken, {}
            self._sites = added(taken.value)
        return self._sites

    def page(
        self, sort: str, part: str, after: tuple[int, str] | None, limit: int
    ) -> tuple[list[str], tuple[int, str] | None]:
        """Return up to ``limit`` names, and the key of the last one if there are more.

        sort: one of _SORTS. part: of the names; "" for all. after: the key to go on after.
        """
        if sort not in self._sorted:
            self._sorted[sort] = sorted(
                _Key(0 if sort == "site" else _number(totals, sort), site)
                for site, totals in self._sites.items()
            )
        keys = self._sorted[sort]
        at = bisect_right(keys, _Key(*after)) if after else 0
        found: list[_Key] = []
        for key in keys[at:]:
            if part in key.site:
                found.append(key)
                if len(found) > limit:
                    last = found[limit - 1]
                    return [each.site for each in found[:limit]], (last.number, last.site)
        return [each.site for each in found], None


def added(jobs: Sequence[JobStatus]) -> dict[str, Totals]:
    """Return the counts by site, over all ``jobs``."""
    sites: dict[str, Totals] = {}
    for job in jobs:
        for site, totals in job.sites.items():
            into = sites.setdefault(site, Totals())
            into.pending += totals.pending
            into.leased += totals.leased
            into.done += totals.done
            into.failed = dict(Counter(into.failed) + Counter(totals.failed))
            into.skipped = dict(Counter(into.skipped) + Counter(totals.skipped))
    return sites


def _number(totals: Totals, sort: str) -> int:
    return int(totals_object(totals)[sort])


def site_endpoints(overview: Overview, lanes: Lanes) -> list[Endpoint]:
    """Return both endpoints."""
    lists = SiteLists()
    return [_list(overview, lists), _site(overview, lists, lanes)]


async def _taken(overview: Overview) -> Taken[list[JobStatus]]:
    taken = await overview.jobs.get(_PATIENCE_S)
    if taken is None:
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "no-frontier",
            "the frontier cannot be read yet: run a crawl, or set FRONTIER_URL to that of the "
            "crawl; a large one takes a few seconds the first time",
            retry_after_s=5,
        )
    return taken


def _list(overview: Overview, lists: SiteLists) -> Endpoint:
    async def respond(_: Request, values: Mapping[str, Any]) -> Response:
        taken = await _taken(overview)
        sites = lists.of(taken)
        part = (values["q"] or "").lower()
        names, last = lists.page(values["sort"], part, values["cursor"], values["limit"])
        answer = {
            "items": [{"site": name, **totals_object(sites[name])} for name in names],
            "next": cursor_of(*last) if last else None,
            "at": taken.at,
        }
        return json_response(answer)

    return Endpoint(
        "/api/sites",
        "sites",
        "What became of the URLs of each site, over all jobs of the frontier",
        respond,
        (
            Parameter("q", Text(300), "a part of the name"),
            Parameter("sort", Choice(_SORTS), "numbers: the highest first", default="discovered"),
            Parameter("limit", Integer(1, 1000), "the most items of the answer", default=100),
            Parameter("cursor", Cursor((int, str)), "where to go on: `next` of the answer before"),
        ),
        list_schema(_ITEM, at={"type": "number", "description": "unix seconds of the counts"}),
    )


def _site(overview: Overview, lists: SiteLists, lanes: Lanes) -> Endpoint:
    async def respond(_: Request, values: Mapping[str, Any]) -> Response:
        name = values["site"].lower()
        taken = await overview.jobs.get(0.2)
        totals = lists.of(taken).get(name) if taken else None

        async def work(connection: Connection) -> dict[str, Any]:
            return await _stored(connection, name, lanes.database.dialect.by_bytes)

        stored, ran = await lanes.fast("site", work)
        if totals is None and not any(stored[table]["count"] for table in _STORED):
            raise Problem(
                HTTPStatus.NOT_FOUND,
                "no-site",
                "neither the frontier nor the store has a URL of this site; /api/sites lists them",
                headers=ran.headers,
            )
        answer = {
            "site": name,
            "frontier": totals and {"at": taken.at if taken else 0.0, **totals_object(totals)},
            "store": stored,
        }
        return json_response(answer, ran.headers)

    return Endpoint(
        "/api/sites/{site}",
        "site",
        "What became of the URLs of one site, and what of it is stored",
        respond,
        (Parameter("site", Text(300), "the host, with the port unless it is usual", where="path"),),
        {
            "type": "object",
            "required": ["site", "frontier", "store"],
            "properties": {
                "site": {"type": "string"},
                "frontier": {
                    "type": ["object", "null"],
                    "required": ["at", *TOTALS_SCHEMAS],
                    "properties": {"at": {"type": "number"}, **TOTALS_SCHEMAS},
                },
                "store": {
                    "type": "object",
                    "required": list(_STORED),
                    "properties": dict.fromkeys(_STORED, _COUNT),
                },
            },
        },
        problems=(HTTPStatus.NOT_FOUND,),
    )


_STORED = ("pages", "failures", "skipped")


async def _stored(connection: Connection, site: str, by_bytes: str) -> dict[str, Any]:
    """Count the rows of a site in each table, up to _MOST."""
    within = ranges(site, None)
    counts: dict[str, Any] = {}
    for table in _STORED:
        where, parameters = where_in(within, f"url{by_bytes}")
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {where} LIMIT :most) AS first"
        found = await connection.fetch(sql, {**parameters, "most": _MOST}, Caps(1, 100))
        number = int(found.rows[0][0])
        counts[table] = {"count": number, "more": number == _MOST}
    return counts
