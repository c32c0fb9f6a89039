"""Yields a Page item for what is fetched, and follows no links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy import Spider

from crawlproj.content.fields import chosen_fields
from crawlproj.frontier.base import State
from crawlproj.pages import failure_of, page_of
from crawlproj.reasons import error_of, outcome_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawlproj.items import FetchFailure, Page


class StoresPages(Spider):
    """A spider for URLs that are known; ``start`` yields them, with ``failed`` as errback."""

    def parse(self, response: Response) -> Iterator[Page]:
        """Yield the page."""
        yield page_of(response, chosen_fields(self.settings))

    def failed(self, failure: Failure) -> Iterator[FetchFailure]:
        """Yield the item for a URL that failed for good; nothing for a skipped one."""
        if outcome_of(error_of(failure))[0] is State.FAILED:
            yield failure_of(failure)
