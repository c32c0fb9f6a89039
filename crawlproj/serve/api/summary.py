"""``/api/summary``: how much is stored, what each job has done, and what the lanes do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawlproj.serve.api.answers import json_response
from crawlproj.serve.database.base import Caps
from crawlproj.serve.lanes.lanes import STATE_SCHEMA
from crawlproj.serve.web.endpoint import Endpoint

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from crawlproj.frontier.base import Totals
    from crawlproj.frontier.job_status import JobStatus
    from crawlproj.serve.cached import Cached
    from crawlproj.serve.database.base import Connection
    from crawlproj.serve.lanes.lanes import Lanes

_PATIENCE_S = 0.2
# Indexes alone answer these.
_COUNTS = """
SELECT (SELECT count(*) FROM pages), (SELECT count(*) FROM failures),
    (SELECT count(*) FROM skipped),
    (SELECT count(*) - count(DISTINCT content_hash) FROM pages WHERE content_hash <> '')
"""
_NAMES = ("pages", "failures", "skipped", "duplicates")


@dataclass(frozen=True, slots=True)
class Overview:
    """The values that the summary is made of."""

    counts: Cached[dict[str, int]]
    jobs: Cached[list[JobStatus]]


def counting(lanes: Lanes) -> Callable[[], Awaitable[dict[str, int]]]:
    """Return the function that counts the rows of the store."""

    async def count() -> dict[str, int]:
        async def work(connection: Connection) -> dict[str, int]:
            found = await connection.fetch(_COUNTS, {}, Caps(1, 1000))
            return dict(zip(_NAMES, found.rows[0], strict=True))

        return (await lanes.slow(work, ahead=True))[0]

    return count


def totals_object(totals: Totals) -> dict[str, Any]:
    """Return counts in JSON's types."""
    return {
        "discovered": totals.discovered,
        "pending": totals.pending,
        "leased": totals.leased,
        "done": totals.done,
        "failed": sum(totals.failed.values()),
        "skipped": sum(totals.skipped.values()),
        "failed_by_reason": totals.failed,
        "skipped_by_reason": totals.skipped,
    }


def summary_endpoint(overview: Overview, lanes: Lanes) -> Endpoint:
    """Return the endpoint."""

    async def respond(_: Request, __: Mapping[str, Any]) -> Response:
        counts, jobs = (
            await overview.counts.get(_PATIENCE_S),
            await overview.jobs.get(_PATIENCE_S),
        )
        answer = {
            "store": counts and {**counts.value, "at": counts.at},
            "frontier": jobs and {"at": jobs.at, "jobs": [_job(job) for job in jobs.value]},
            "lanes": lanes.state(),
        }
        return json_response(answer)

    return Endpoint(
        "/api/summary",
        "summary",
        "How much is stored, what each job has done, and what the lanes do",
        respond,
        answer=_ANSWER,
        description="Counts are taken at most every two seconds, and less often if they are "
        "expensive: `at` says when. They are null until there is something to count.",
    )


def _job(job: JobStatus) -> dict[str, Any]:
    return {
        "job": job.job,
        "generation": job.generation,
        "finished": job.finished,
        "running": job.running,
        "sites": len(job.sites),
        **totals_object(job.totals),
    }


_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_AT = {"type": "number", "description": "unix seconds"}
_BY_REASON = {"type": "object", "additionalProperties": _COUNT}
TOTALS_SCHEMAS: dict[str, Any] = {
    **dict.fromkeys(("discovered", "pending", "leased", "done", "failed", "skipped"), _COUNT),
    "failed_by_reason": _BY_REASON,
    "skipped_by_reason": _BY_REASON,
}
_JOB: dict[str, Any] = {
    "job": {"type": "string"},
    "generation": {"type": "integer"},
    "finished": {"type": "boolean"},
    "running": {"type": ["boolean", "null"], "description": "null: unknown"},
    "sites": _COUNT,
    **TOTALS_SCHEMAS,
}
_ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["store", "frontier", "lanes"],
    "properties": {
        "store": {
            "type": ["object", "null"],
            "required": [*_NAMES, "at"],
            "properties": {**dict.fromkeys(_NAMES, _COUNT), "at": _AT},
        },
        "frontier": {
            "type": ["object", "null"],
            "required": ["at", "jobs"],
            "properties": {
                "at": _AT,
                "jobs": {
                    "type": "array",
                    "items": {"type": "object", "required": list(_JOB), "properties": _JOB},
                },
            },
        },
        "lanes": STATE_SCHEMA,
    },
}
