"""Surrounds the pipelines where Scrapy's scraper calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from crawlproj._scrapy import require

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scrapy.core.scraper import Scraper
    from scrapy.http import Response
    from twisted.python.failure import Failure


class ProcessItem(Protocol):
    """Sends an item through the pipelines."""

    def __call__(self, item: Any, *, response: Response | Failure | None) -> Awaitable[None]:
        """Return when the last pipeline is done."""


def surround_pipelines(scraper: Scraper, wrap: Callable[[ProcessItem], ProcessItem]) -> None:
    """Replace the function that sends an item through the pipelines by what ``wrap`` makes of it.

    Raises CrawlprojError if this Scrapy is built differently.
    """
    require(scraper, "start_itemproc_async")
    scraper.start_itemproc_async = wrap(scraper.start_itemproc_async)  # type: ignore[method-assign,assignment]
