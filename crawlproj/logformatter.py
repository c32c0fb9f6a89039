"""Leaves out the lines Scrapy logs for every page and item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.logformatter import LogFormatter

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.http import Response
    from scrapy.logformatter import LogFormatterResult
    from twisted.python.failure import Failure


class QuietLogFormatter(LogFormatter):
    """Scrapy's, without "Crawled" and "Scraped": building them costs more than fetching a page.

    What was dropped is logged as ever; of an item that failed, what page it is of: its text does
    not belong into a log, and one nested too deep to be printed would end its page as done.
    """

    def crawled(  # type: ignore[override]  # None means: no line
        self, request: Request, response: Response, spider: Spider
    ) -> LogFormatterResult | None:
        """Say nothing."""

    def scraped(  # type: ignore[override]
        self, item: Any, response: Response | None, spider: Spider
    ) -> LogFormatterResult | None:
        """Say nothing."""

    def item_error(
        self,
        item: Any,
        exception: BaseException,
        response: Response | Failure | None,
        spider: Spider,
    ) -> LogFormatterResult:
        """Say of which page the item was."""
        told = super().item_error(item, exception, response, spider)
        return {**told, "args": {"item": f"a {type(item).__name__} of {response}"}}
