"""Reports responses with an unhandled status to the scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.spidermiddlewares.httperror import HttpError, HttpErrorMiddleware

from crawlproj.config import integers
from crawlproj.scheduler import scheduler_of

if TYPE_CHECKING:
    from scrapy.http import Response
    from scrapy.settings import BaseSettings

__all__ = ["HttpErrorNotingMiddleware"]


class HttpErrorNotingMiddleware(HttpErrorMiddleware):
    """Scrapy's middleware with its settings; a URL that it filters ends as failed("http-404").

    HTTPERROR_ALLOWED_CODES may also come from a command line, as text.

    Raises ConfigError if it is not a list of statuses.
    """

    def __init__(self, settings: BaseSettings) -> None:
        allowed = integers(settings, "HTTPERROR_ALLOWED_CODES")
        super().__init__(settings)
        self.handle_httpstatus_list = allowed

    def process_spider_input(  # type: ignore[override]  # Scrapy deprecates its spider argument
        self, response: Response
    ) -> None:
        """Raise HttpError for a status that neither settings nor the request allow."""
        try:
            super().process_spider_input(response)
        except HttpError as exc:
            scheduler = scheduler_of(self.crawler)
            if scheduler is not None and response.request is not None:
                scheduler.in_hand.note_failure(response.request, exc)
            raise
