"""How many more pages a crawl may fetch (MAX_PAGES)."""

from __future__ import annotations


class PageBudget:
    """Counts pages against ``max_pages``; 0 is no limit.

    pages: pages done in the generation, by all workers.
    """

    def __init__(self, max_pages: int) -> None:
        self._max = max_pages
        self.pages = 0

    @property
    def spent(self) -> bool:
        """Whether all pages are done that may be."""
        return bool(self._max) and self.pages >= self._max

    def allows(self, in_hand: int) -> bool:
        """Whether one more may start beside ``in_hand`` requests, each of which may be a page."""
        return not self._max or self.pages + in_hand < self._max
