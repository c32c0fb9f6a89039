"""How much a crawl may have in hand, and how many pages it may fetch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.frontier.base import State

if TYPE_CHECKING:
    from crawlproj.frontier.base import Ack, Totals

# In multiples of the downloads. Parsing and storing overlap with downloading, so more requests may
# be in hand than are downloading; and acks may be on their way to a slow frontier, so more may be
# outstanding than are in hand. Both bound what a crash fetches again.
_IN_HAND_PER_DOWNLOAD = 2
_OUTSTANDING_PER_DOWNLOAD = 3
_SITEMAP = "sitemap"  # the reason of a sitemap that was read; it costs its site as much as a page


class Budget:
    """Bounds requests against CONCURRENT_REQUESTS and pages against MAX_PAGES.

    in_flight: max requests downloading at once. max_pages: 0 for no limit.
    pages: pages and sitemaps fetched in the generation, by all workers; without those of earlier
        runs if the generation was reopened to check them.
    """

    def __init__(self, in_flight: int, max_pages: int) -> None:
        self._in_flight = in_flight
        self._max_pages = max_pages
        self.pages = 0
        self._reopened = False
        self._earlier = 0

    @property
    def spent(self) -> bool:
        """Whether all pages are done that may be."""
        return bool(self._max_pages) and self.pages >= self._max_pages

    @property
    def skips(self) -> str:
        """Why what is left over is skipped; "" if it waits for the next run."""
        return "max-pages" if self.spent and not self._reopened else ""

    def begin(self, totals: Totals, *, reopened: bool) -> None:
        """Count from what the frontier holds as the crawl begins."""
        self._reopened = reopened
        if reopened:
            self._earlier = _fetched(totals)
        self.see(totals)

    def see(self, totals: Totals) -> None:
        """Count what is in the frontier, which other workers may have done."""
        self.pages = max(self.pages, _fetched(totals) - self._earlier)

    def add(self, ack: Ack) -> None:
        """Count what this worker has done."""
        self.pages += ack.state is State.DONE or ack.reason == _SITEMAP

    def allows(self, in_hand: int, outstanding: int) -> bool:
        """Whether one more request may start.

        in_hand: requests handed out that have not finished; each may become a page.
        outstanding: those, and finished ones whose acks are not durable.
        """
        if in_hand >= _IN_HAND_PER_DOWNLOAD * self._in_flight:
            return False
        if outstanding >= _OUTSTANDING_PER_DOWNLOAD * self._in_flight:
            return False
        return not self._max_pages or self.pages + in_hand < self._max_pages


def _fetched(totals: Totals) -> int:
    return totals.done + totals.skipped.get(_SITEMAP, 0)
