"""Leaves out the lines Scrapy logs for every page and item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.logformatter import LogFormatter

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.http import Response
    from scrapy.logformatter import LogFormatterResult


class QuietLogFormatter(LogFormatter):
    """Scrapy's, without "Crawled" and "Scraped": building them costs more than fetching a page.

    What failed or was dropped is logged as ever.
    """

    def crawled(  # type: ignore[override]  # None means: no line
        self, request: Request, response: Response, spider: Spider
    ) -> LogFormatterResult | None:
        """Say nothing."""

    def scraped(  # type: ignore[override]
        self, item: Any, response: Response | None, spider: Spider
    ) -> LogFormatterResult | None:
        """Say nothing."""
