"""A log formatter without Scrapy's line for every page and item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.logformatter import LogFormatter

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.http import Response
    from scrapy.logformatter import LogFormatterResult
    from twisted.python.failure import Failure

__all__ = ["QuietLogFormatter"]


class QuietLogFormatter(LogFormatter):
    """Scrapy's log formatter without "Crawled" and "Scraped", which cost more than fetching a page.

    Dropped items are logged as usual. For an item that failed, logs its page instead of its
    content: a page's text does not belong in a log, and printing an item that is nested too deep
    would raise, so that its page would count as done.
    """

    def crawled(  # type: ignore[override]  # None: Scrapy logs nothing
        self, request: Request, response: Response, spider: Spider
    ) -> LogFormatterResult | None:
        """Log nothing."""

    def scraped(  # type: ignore[override]
        self, item: Any, response: Response | None, spider: Spider
    ) -> LogFormatterResult | None:
        """Log nothing."""

    def item_error(
        self,
        item: Any,
        exception: BaseException,
        response: Response | Failure | None,
        spider: Spider,
    ) -> LogFormatterResult:
        """Log the item's class and page."""
        entry = super().item_error(item, exception, response, spider)
        return {**entry, "args": {"item": f"a {type(item).__name__} of {response}"}}
