"""Everything behind the endpoints: the store's database in its lanes, and the frontier."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawlproj.serve.api.summary import Overview, counting
from crawlproj.serve.cached import Cached
from crawlproj.serve.database.url import database_from_url
from crawlproj.serve.frontiers import frontier_reader
from crawlproj.serve.lanes.demotions import Demotions
from crawlproj.serve.lanes.lanes import Lanes
from crawlproj.serve.lanes.sizes import Sizes

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawlproj.serve.config import ServeConfig
    from crawlproj.serve.frontiers import FrontierReader

_REFRESH_S = 2.0


@dataclass(frozen=True, slots=True)
class Service:
    """lanes: over the store. frontier: of the crawl. overview: counts that many clients ask for.

    proxied: lanes over the user's own database.
    on_ending: called when the server begins to shut down, while clients are still connected.
    """

    config: ServeConfig
    lanes: Lanes
    frontier: FrontierReader
    overview: Overview
    proxied: Lanes | None = None
    on_ending: list[Callable[[], object]] = field(default_factory=list)

    @classmethod
    def from_config(cls, config: ServeConfig, sizes: Sizes | None = None) -> Service:
        """Return a service that connects when it is first asked. Raises ConfigError."""
        sizes = sizes or Sizes()
        setting = "SERVE_STORE_URL or STORE_URL"
        lanes = _lanes(config.store_url, setting, sizes)
        own = config.database_url
        proxied = _lanes(own, "--database or SERVE_DATABASE", sizes) if own else None
        frontier = frontier_reader(config.frontier_url, config.redis_params)
        overview = Overview(
            Cached(counting(lanes), _REFRESH_S, time.time),
            Cached(frontier.status, _REFRESH_S, time.time),
        )
        return cls(config, lanes, frontier, overview, proxied)

    def ending(self) -> None:
        """End what would keep the server from shutting down: streams that clients hold open."""
        for end in self.on_ending:
            end()

    async def close(self) -> None:
        """Cancel what runs, and disconnect."""
        await self.overview.counts.close()
        await self.overview.jobs.close()
        await self.lanes.database.close()
        if self.proxied is not None:
            await self.proxied.database.close()


def _lanes(url: str, setting: str, sizes: Sizes) -> Lanes:
    database = database_from_url(url, setting, sizes)
    return Lanes(database, sizes.fast_lane(), sizes.slow_lane(), Demotions(time.time))
