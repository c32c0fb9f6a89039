"""The page of a crawl: is it going, how far is it, what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawlproj.serve.dashboard.page import Page
from crawlproj.serve.web.parameters import Parameter, Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

    from crawlproj.serve.dashboard.api import Api

_SITES = 20


def overview_page(api: Api) -> Page:
    """Return the page."""

    async def shows(request: Request, values: Mapping[str, Any]) -> Mapping[str, Any]:
        summary = await api.get(request, "summary")
        jobs = summary["frontier"]["jobs"] if summary["frontier"] else []
        job = chosen(jobs, values["job"] or "")
        sites = await api.get(request, "sites", limit=_SITES) if jobs else {"items": []}
        return {
            "summary": summary,
            "jobs": jobs,
            "job": job,
            "state": state_of(job) if job else "",
            "sites": sites["items"],
        }

    return Page("/", "overview", shows, (Parameter("job", Text(1000), "its name"),))


def chosen(jobs: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    """Return the job of this name, else one that runs, else one that has not finished."""
    ranked = sorted(
        jobs, key=lambda job: (job["job"] == name, bool(job["running"]), not job["finished"])
    )
    return ranked[-1] if ranked else None


def state_of(job: Mapping[str, Any]) -> str:
    """Return the state of a job in words."""
    if job["finished"]:
        return "finished"
    if job["running"] is None:
        return "not finished"
    return "running" if job["running"] else "interrupted; the same command continues it"
