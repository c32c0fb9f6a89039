"""Checks every setting of a crawl before anything is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.content.fields import chosen_fields
from crawlproj.http.config import HttpConfig
from crawlproj.scheduling.crawl_config import CrawlConfig
from crawlproj.scheduling.site_config import ConcurrencyConfig

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings


def check_settings(settings: BaseSettings) -> None:
    """Raise ConfigError naming the first setting that is wrong."""
    CrawlConfig.from_settings(settings).frontier()
    ConcurrencyConfig.from_settings(settings)
    HttpConfig.from_settings(settings)
    chosen_fields(settings)
