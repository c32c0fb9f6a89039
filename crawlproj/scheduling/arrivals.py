"""Requests that come from the spider, or out of the downloader instead of a response."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from crawlproj.scheduling.given import without_given
from crawlproj.scheduling.serialize import Unstorable

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request

    from crawlproj.frontier.base import Entry
    from crawlproj.scheduling.admission import Admission
    from crawlproj.scheduling.entries import Entries
    from crawlproj.scheduling.seen import Seen
    from crawlproj.scheduling.volatile import Source
    from crawlproj.scheduling.work import WorkInHand

logger = logging.getLogger(__name__)


class Arrivals:
    """Puts new requests into the frontier; a retry or a redirect also decides a lease.

    put: puts an entry into the frontier. seen: URLs that were put lately.
    """

    def __init__(
        self,
        entries: Entries,
        in_hand: WorkInHand,
        admission: Admission,
        put: Callable[[Entry], None],
        seen: Seen,
    ) -> None:
        self._entries = entries
        self._in_hand = in_hand
        self._admission = admission
        self._put = put
        self._seen = seen

    def take(self, request: Request) -> bool:
        """Put ``request``, or take it as the outcome of the lease that it carries.

        Returns False if it is left out.
        """
        in_hand, entries, keys = self._in_hand, self._entries, self._entries.keys
        work = in_hand.replaced_by(request)
        source = in_hand.source_of(request, work)
        if work is None:
            key = keys.of(request)
        else:
            self._admission.release(work)
            if keys.identity(request) == keys.identity(work.request):
                work.retry(entries.retried(request, work.lease, work.request))
                return True
            work.redirect(request.url)
            key = keys.of_redirect(request, work.request, work.lease.entry)
        if keys.drops(request, key):
            return False
        try:
            self._put(self._entry_of(request, key, source, seen=work is None))
        except Unstorable as exc:
            logger.error(
                "Dropped, because another process could not rebuild it: %s",
                exc,
                extra={"spider": entries.spider},
            )
            return False
        if keys.is_known_by_url(request):
            self._seen.add(request.url)
        return True

    def _entry_of(self, request: Request, key: int, source: Entry | Source, *, seen: bool) -> Entry:
        page = self._in_hand.origin_of(request)
        try:
            return self._entries.entry_of(request, key, page, source)
        except Unstorable:
            own = page and without_given(request, page, self._entries.spider, seen=seen)
            if not own:
                raise
            return self._entries.entry_of(own, key, page, source)
