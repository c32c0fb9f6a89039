"""The TLS settings of Scrapy's own download handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.utils import ssl as scrapy_ssl

from crawlproj._scrapy import require

if TYPE_CHECKING:
    from ssl import SSLContext

    from scrapy.settings import BaseSettings


def ssl_context(settings: BaseSettings) -> SSLContext:
    """Return the context that DOWNLOAD_VERIFY_CERTIFICATES and DOWNLOADER_CLIENT_TLS_* describe.

    Raises CrawlprojError if this Scrapy is built differently.
    """
    require(scrapy_ssl, "_make_ssl_context")
    return scrapy_ssl._make_ssl_context(settings)
