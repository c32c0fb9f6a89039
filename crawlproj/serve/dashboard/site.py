"""The page of one site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawlproj.serve.dashboard.page import Page
from crawlproj.serve.web.parameters import Parameter, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from crawlproj.serve.dashboard.api import Api


def site_page(api: Api) -> Page:
    """Return the page."""

    async def shows(request: Request, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"found": await api.get(request, "site", {"site": values["site"]})}

    return Page(
        "/sites/{site}", "site", shows, (Parameter("site", Text(300), "host", where="path"),)
    )
