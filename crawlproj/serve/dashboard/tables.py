"""The pages with tables: sites, one site, failures, search, one URL."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from crawlproj.errors import FrontierError
from crawlproj.frontier.finding import choose
from crawlproj.serve.dashboard.page import Page
from crawlproj.serve.web.parameters import MAX_URL, Choice, Parameter, Text
from crawlproj.serve.web.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from starlette.requests import Request

    from crawlproj.serve.dashboard.api import Api
    from crawlproj.serve.dashboard.crawls import Crawls

_ROWS = 50
_MAX_CURSOR = 20_000

_SITE = Parameter("site", Text(300), "the host, with the port unless it is the usual one")
_CURSOR = Parameter("cursor", Text(_MAX_CURSOR), "where to go on")
SORTS = ("discovered", "pending", "leased", "done", "failed", "skipped", "site")


def table_pages(api: Api, crawls: Crawls, *, steers: bool) -> list[Page]:
    """Return the pages. crawls: to steer. steers: whether there are forms for that."""
    return [_sites(api), _failures(api, crawls, steers=steers), _search(api), _url(api)]


async def _asked(asking: Awaitable[Any], *names: str) -> tuple[Any, str]:
    """Return an answer and "", or None and the problem that the page shows in its place.

    names: of the problems to show, besides those that may be gone the next time.
    """
    try:
        return await asking, ""
    except Problem as exc:
        if exc.name not in {"not-there", "no-frontier", "out-of-time", "lane-full", *names}:
            raise
        return None, exc.detail


def _sites(api: Api) -> Page:
    async def shows(request: Request, values: Mapping[str, Any]) -> Mapping[str, Any]:
        found, problem = await _asked(api.get(request, "sites", limit=_ROWS, **values))
        return {"found": found, "problem": problem, "sorts": SORTS, **values}

    return Page(
        "/sites",
        "sites",
        shows,
        (
            Parameter("q", Text(300), "a part of the name"),
            Parameter("sort", Choice(SORTS), "by what", default="discovered"),
            _CURSOR,
        ),
    )


def _failures(api: Api, crawls: Crawls, *, steers: bool) -> Page:
    async def job_meant() -> str:
        """Return the job whose failures can be fetched again; "" if that is not clear."""
        try:
            return choose(await crawls.jobs())
        except (FrontierError, Problem):
            return ""

    async def shows(request: Request, values: Mapping[str, Any]) -> Mapping[str, Any]:
        found, problem = await _asked(api.get(request, "failures", limit=_ROWS, **values))
        summary = await api.get(request, "summary")
        jobs = summary["frontier"]["jobs"] if summary["frontier"] else []
        reasons: Counter[str] = Counter()
        for job in jobs:
            reasons.update(job["failed_by_reason"])
        # Not from the summary, which has no jobs until the first count, so the form might be late.
        job = await job_meant() if steers else ""
        shown = {"reasons": reasons, "steers": steers, "job": job}
        return {"found": found, "problem": problem, **shown, **values}

    return Page(
        "/failures",
        "failures",
        shows,
        (Parameter("reason", Text(100), "why"), _SITE, _CURSOR),
    )


def _search(api: Api) -> Page:
    async def shows(request: Request, values: Mapping[str, Any]) -> Mapping[str, Any]:
        found, problem = None, ""
        if values["q"]:
            asking = api.get(request, "search", limit=20, **values)
            found, problem = await _asked(asking, "bad-parameter", "refused")
        return {"found": found, "problem": problem, **values}

    return Page(
        "/search",
        "search",
        shows,
        (Parameter("q", Text(500), "words"), _SITE, _CURSOR),
    )


def _url(api: Api) -> Page:
    async def shows(request: Request, values: Mapping[str, Any]) -> Mapping[str, Any]:
        found, problem = None, ""
        if values["url"]:
            asking = api.get(request, "url", {"url": values["url"]})
            found, problem = await _asked(asking, "no-url")
        return {"found": found, "problem": problem, **values}

    return Page("/url", "url", shows, (Parameter("url", Text(MAX_URL), "its URL"),))
