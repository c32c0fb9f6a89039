"""The dashboard: its pages, their events, and what they share."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from crawlproj.serve.dashboard.api import Api
from crawlproj.serve.dashboard.assets import ASSETS
from crawlproj.serve.dashboard.crawl import CrawlPages
from crawlproj.serve.dashboard.crawls import FrontierCrawls
from crawlproj.serve.dashboard.feeds import Feeds
from crawlproj.serve.dashboard.file_page import file_pages
from crawlproj.serve.dashboard.steer import Steering
from crawlproj.serve.dashboard.tables import table_pages
from crawlproj.serve.dashboard.view import Views

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.routing import Route

    from crawlproj.serve.dashboard.crawls import Crawls
    from crawlproj.serve.service import Service
    from crawlproj.serve.web.endpoint import Endpoint


class Dashboard:
    """The dashboard of a service.

    endpoints: of the query service, which the pages ask. crawls: those of the service's frontier
    unless others are given. clock: unix seconds.
    """

    def __init__(
        self,
        service: Service,
        endpoints: Sequence[Endpoint],
        crawls: Crawls | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._crawls = crawls or FrontierCrawls(service.config)
        self._views = Views(self._crawls, service.overview.jobs, clock)
        self._api = Api(endpoints)
        self._feeds = Feeds()
        self._steers = not service.config.listening.read_only
        self._behind_proxy = service.config.listening.behind_proxy
        self._files = file_pages(service.config.report)

    def routes(self) -> list[Route]:
        """Return the routes to the pages, their events and their assets."""
        pages = CrawlPages(self._views, self._api, self._crawls, self._steers, self._files)
        return [
            *(route for page in pages.all() for route in page.routes(self._feeds)),
            *(page.route() for page in self._files),
            *(page.route() for page in table_pages(self._api, self._crawls, steers=self._steers)),
            Steering(self._crawls, self._behind_proxy).route(),
            ASSETS.route(),
        ]

    def end(self) -> None:
        """End the streams of events, because the server shuts down."""
        self._feeds.end()

    async def close(self) -> None:
        """Disconnect."""
        await self._views.close()
        await self._crawls.close()
