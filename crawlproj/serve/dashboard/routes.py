"""The routes of the dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.serve.dashboard.api import Api
from crawlproj.serve.dashboard.assets import ASSETS
from crawlproj.serve.dashboard.overview import overview_page
from crawlproj.serve.dashboard.site import site_page
from crawlproj.serve.dashboard.tables import table_pages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.routing import Route

    from crawlproj.serve.web.endpoint import Endpoint


def dashboard_routes(endpoints: Sequence[Endpoint]) -> list[Route]:
    """Return the routes to the pages and their assets.

    endpoints: of the query service, which the pages ask.
    """
    api = Api(endpoints)
    pages = [overview_page(api), site_page(api), *table_pages(api)]
    return [*(page.route() for page in pages), ASSETS.route()]
