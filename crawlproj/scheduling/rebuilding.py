"""Turns leases into requests, and sees to those whose request cannot be rebuilt."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING

from crawlproj.frontier.base import Ack, Entry, State
from crawlproj.scheduling.entries import Lost
from crawlproj.scheduling.serialize import BadPayload
from crawlproj.scheduling.volatile import Source, source_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request

    from crawlproj.frontier.base import Lease
    from crawlproj.scheduling.books import Books
    from crawlproj.scheduling.entries import Entries

logger = logging.getLogger(__name__)


class Rebuilding:
    """Rebuilds the requests of leases.

    A request that only the memory of an ended process had is forgotten by the frontier, so that it
    can be put again: by ``Spider.start()``, or by the page that gave it, which is asked for once
    more in a run. If its source is not known, it ends as failed. Others that cannot be rebuilt do,
    too.

    put: takes a new entry. books: takes the acks of leases that come to nothing.
    """

    def __init__(self, entries: Entries, put: Callable[[Entry], None], books: Books) -> None:
        self._entries = entries
        self._put = put
        self._books = books
        self._asked_again: set[tuple[str, bytes]] = set()

    def request_of(self, lease: Lease) -> Request | None:
        """Return the request that ``lease`` is for; None if there is none, which is seen to."""
        try:
            return self._entries.request_of(lease.entry)
        except Lost as exc:
            source = source_of(lease.entry, key=secrets.randbits(64) - (1 << 63))
            if source is Source.UNKNOWN:
                self._fail(lease, exc)
                return None
            if isinstance(source, Entry):
                self._ask_again(source)
            self._books.close(Ack(lease.id, State.DONE, forget=True), lease.entry)
        except BadPayload as exc:
            self._fail(lease, exc)
        return None

    def _ask_again(self, page: Entry) -> None:
        if (page.url, page.payload) in self._asked_again:
            return
        self._asked_again.add((page.url, page.payload))
        logger.info(
            "Asking again for %s: requests that it gave were lost with a process",
            page.url,
            extra={"spider": self._entries.spider},
        )
        self._put(page)

    def _fail(self, lease: Lease, exc: BadPayload) -> None:
        logger.error("%s", exc, extra={"spider": self._entries.spider})
        ack = Ack(lease.id, State.FAILED, exc.reason)
        self._books.close(ack, lease.entry, detail=str(exc))
