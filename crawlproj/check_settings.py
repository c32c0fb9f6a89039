"""Checks every setting of a crawl before anything is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj._scrapy.tls import check_tls
from crawlproj.config import boolean
from crawlproj.content.fields import chosen_fields
from crawlproj.content.page_signals import respected_signals
from crawlproj.http.guarding import check_guarded
from crawlproj.http.others import handlers_by_meta
from crawlproj.parquet.config import ParquetConfig
from crawlproj.scheduling.crawl_config import CrawlConfig
from crawlproj.scheduling.site_config import ConcurrencyConfig
from crawlproj.store.url import store_of
from crawlproj.warc.config import replay_files, warc_folder

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings


def check_settings(settings: BaseSettings) -> None:
    """Raise ConfigError naming the first setting that is wrong."""
    CrawlConfig.from_settings(settings).frontier()
    ConcurrencyConfig.from_settings(settings)
    check_guarded(settings)
    check_tls(settings)
    boolean(settings, "DOWNLOAD_VERIFY_CERTIFICATES")
    store_of(settings)
    handlers_by_meta(settings)
    chosen_fields(settings)
    respected_signals(settings)
    warc_folder(settings)
    ParquetConfig.from_settings(settings)
    replay_files(settings)
