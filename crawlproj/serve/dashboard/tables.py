"""The pages with tables: sites, one site, failures, search, one URL."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from crawlproj.serve.dashboard.page import Page
from crawlproj.serve.web.parameters import MAX_URL, Choice, Parameter, Text
from crawlproj.serve.web.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from crawlproj.serve.dashboard.api import Api

_ROWS = 50
_MAX_CURSOR = 20_000

_SITE = Parameter("site", Text(300), "the host, with the port unless it is the usual one")
_CURSOR = Parameter("cursor", Text(_MAX_CURSOR), "where to go on")
SORTS = ("discovered", "pending", "leased", "done", "failed", "skipped", "site")


def table_pages(api: Api) -> list[Page]:
    """Return the pages."""
    return [_sites(api), _failures(api), _search(api), _url(api)]


def _sites(api: Api) -> Page:
    async def shows(request: Request, values: Mapping[str, Any]) -> Mapping[str, Any]:
        found = await api.get(request, "sites", limit=_ROWS, **values)
        return {"found": found, "sorts": SORTS, **values}

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


def _failures(api: Api) -> Page:
    async def shows(request: Request, values: Mapping[str, Any]) -> Mapping[str, Any]:
        found = await api.get(request, "failures", limit=_ROWS, **values)
        summary = await api.get(request, "summary")
        reasons: dict[str, int] = {}
        for job in summary["frontier"]["jobs"] if summary["frontier"] else ():
            for reason, number in job["failed_by_reason"].items():
                reasons[reason] = reasons.get(reason, 0) + number
        return {"found": found, "reasons": reasons, **values}

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
            try:
                found = await api.get(request, "search", limit=20, **values)
            except Problem as exc:
                if exc.status >= HTTPStatus.INTERNAL_SERVER_ERROR and exc.name != "not-there":
                    raise
                problem = exc.detail
        return {"found": found, "problem": problem, **values}

    return Page(
        "/search",
        "search",
        shows,
        (Parameter("q", Text(500), "words"), _SITE, _CURSOR),
    )


def _url(api: Api) -> Page:
    async def shows(request: Request, values: Mapping[str, Any]) -> Mapping[str, Any]:
        url = values["url"]
        shown: dict[str, Any] = {"url": url, "page": None, "failure": None, "skipped": None}
        if url is None:
            return shown
        try:
            fields = (
                "status,title,description,language,content_type,depth,fetched_at,duplicate_of,"
                "requested_url,canonical"
            )
            shown["page"] = await api.get(request, "page", {"url": url}, fields=fields)
        except Problem as exc:
            if exc.name != "no-page":
                raise
        for table, name in (("failures", "failure"), ("skipped", "skipped")):
            found = await api.get(request, table, prefix=url, limit=1)
            shown[name] = next((row for row in found["items"] if row["url"] == url), None)
        return shown

    return Page("/url", "url", shows, (Parameter("url", Text(MAX_URL), "its URL"),))
