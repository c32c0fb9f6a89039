"""Reads the environment in other people's projects, for crawls and for commands without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import crawlproj.settings as ours

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

STORE_PIPELINE = "crawlproj.pipelines.store.StorePipeline"
"""Stores nothing unless STORE_URL is set."""


def apply_environment(settings: BaseSettings) -> None:
    """Set what variables CRAWLPROJ_NAME give and the project has not set itself.

    A project that names the pipeline that stores, and no store, gets crawlproj's default.
    """
    for name, value in ours.from_environment().items():
        settings.set(name, value, priority="addon")
    if STORE_PIPELINE in settings.getdict("ITEM_PIPELINES"):
        settings.set("STORE_URL", ours.STORE_URL, priority="addon")
