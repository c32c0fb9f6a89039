"""Finds the frontiers of fleets, for commands about a crawl. Not a command itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from crawlproj.fleet.config import FOLDER
from crawlproj.fleet.server import running_servers

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings


def frontiers_of_fleets(settings: BaseSettings) -> list[str]:
    """Return the URLs of the frontiers of the fleets that run in this folder.

    Each has a Redis of its own, unless it is given another one; so none if the settings name one.
    """
    if settings.get("FRONTIER_URL") or settings.get("REDIS_URL"):
        return []
    return running_servers(Path(FOLDER))
