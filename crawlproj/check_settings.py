"""Checks every setting of a crawl before anything is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.utils.misc import load_object

from crawlproj._scrapy.tls import check_tls
from crawlproj.content.fields import chosen_fields
from crawlproj.content.page_signals import respected_signals
from crawlproj.errors import ConfigError
from crawlproj.http import DownloadHandler
from crawlproj.http.config import HttpConfig
from crawlproj.http.others import handlers_by_meta
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
    if HttpConfig.from_settings(settings).guard is not None:
        _require_guarded(settings)
    check_tls(settings)
    store_of(settings)
    handlers_by_meta(settings)
    chosen_fields(settings)
    respected_signals(settings)
    warc_folder(settings)
    replay_files(settings)


def _require_guarded(settings: BaseSettings) -> None:
    """Raise ConfigError if something else than our handler, which has the guard, downloads."""
    handlers = settings.getwithbase("DOWNLOAD_HANDLERS")
    for scheme in ("http", "https"):
        handler = handlers.get(scheme)
        if handler in (None, DownloadHandler, "crawlproj.http.DownloadHandler"):
            continue
        if not issubclass(load_object(handler), DownloadHandler):
            raise ConfigError(
                f"DOWNLOAD_HANDLERS: {handler} downloads {scheme} URLs, and GUARD_ENABLED has no "
                "effect on it. Leave it out, name it in DOWNLOAD_HANDLERS_BY_META, or set "
                "GUARD_ENABLED = False if this crawl may connect to any address"
            )
