"""Warns of pages that are all the same, as an error page, a login or a captcha with status 200."""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from scrapy import signals

from crawlproj.bounded import put
from crawlproj.items import Page

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

__all__ = ["RepeatedBodies"]

logger = logging.getLogger(__name__)

_FIRST, _NEXT = 25, 10  # pages with one body before the first warning, and how many times more
_SHARE = 10  # one page in so many, or nobody needs to know
_MAX_BODIES = 1_000


class RepeatedBodies:
    """Logs a warning when 25 pages of a run, and a tenth of all, have one body; then at 250, ….

    The store finds them out, so none is logged without one.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._pages = 0
        self._same: OrderedDict[str, int] = OrderedDict()  # by the URL of the first page

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RepeatedBodies:
        """Build the extension."""
        extension = cls(crawler)
        crawler.signals.connect(extension.count, signals.item_scraped)
        return extension

    def count(self, item: Any) -> None:
        """Count a page that is stored."""
        if not isinstance(item, Page):
            return
        self._pages += 1
        if not item.duplicate_of:
            return
        first = item.duplicate_of
        same = put(self._same, first, self._same.get(first, 1) + 1, _MAX_BODIES)
        if _is_step(same) and same * _SHARE >= self._pages:
            logger.warning(
                "%d of %d pages have the same body as %s: it may be an error page, a login or a "
                "captcha. Look at it before you use them",
                same,
                self._pages,
                first,
                extra={"spider": self._crawler.spider},
            )


def _is_step(pages: int) -> bool:
    while pages > _FIRST and pages % _NEXT == 0:
        pages //= _NEXT
    return pages == _FIRST
