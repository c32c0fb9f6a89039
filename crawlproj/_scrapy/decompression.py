"""Scrapy's decompression, which tells how large bodies may become."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware

from crawlproj._scrapy import require

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class SizedDecompression(HttpCompressionMiddleware):
    """Knows the limits of the settings, and of the attributes of spiders written for old Scrapy.

    Raises CrawlprojError if this Scrapy's middleware is built differently.
    """

    def __init__(self, *, crawler: Crawler) -> None:
        super().__init__(crawler=crawler)
        require(self, "_max_size", "_warn_size")

    @property
    def max_bytes(self) -> int:
        """DOWNLOAD_MAXSIZE; 0: no limit."""
        return self._max_size

    @property
    def warn_bytes(self) -> int:
        """DOWNLOAD_WARNSIZE; 0: no warning."""
        return self._warn_size
