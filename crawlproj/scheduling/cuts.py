"""Links that are not followed: too deep, too long, no page, or left out by the user's choice.

Each becomes an entry that ends as skipped without a request, so it is counted once however often it
is found, and is written down as any other URL is.
"""

from __future__ import annotations

import json
from enum import Enum
from typing import TYPE_CHECKING

from crawlproj.frontier.base import Ack, Entry, State
from crawlproj.scheduling.seen import Seen
from crawlproj.scheduling.serialize import key_of_text, key_of_url
from crawlproj.urls import site_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crawlproj.frontier.base import Lease
    from crawlproj.scheduling.books import Books

_MARK = b'{"cut":'
_FIRST = 2**31 - 1  # priority: they wait for no permit


class Holds(Enum):
    """How long a decision not to fetch a URL holds."""

    FOR_GOOD = "for good"
    """It is never fetched."""
    THIS_RUN = "this run"
    """A run that continues the crawl may fetch it; it then counts there, too."""
    HERE = "here"
    """It may also be found where it is followed; it then counts there, too."""


class Cuts:
    """Puts each link that is not followed once.

    If it came again, the frontier would take it for a request that is filtered as a duplicate.

    put: puts an entry into the frontier. seen: URLs that were put lately.
    """

    def __init__(self, put: Callable[[Entry], None], books: Books, seen: Seen) -> None:
        self._put = put
        self._books = books
        self._seen = seen
        self._cut = Seen()  # what for, and the URL

    def forget(self) -> None:
        """Forget what was put, because the frontier may have."""
        self._cut.clear()

    def add(self, url: str, reason: str, *, depth: int, holds: Holds = Holds.FOR_GOOD) -> None:
        """Count ``url``, which is normalised, as skipped for ``reason``."""
        if holds is not Holds.HERE:
            self._seen.add(url)
        what = f"{reason} {url}"
        if what in self._cut:
            return
        self._cut.add(what)
        key = key_of_url(url) if holds is Holds.FOR_GOOD else key_of_text(what)
        payload = json.dumps({"cut": reason, "depth": depth}, separators=(",", ":")).encode()
        self._put(Entry(key, site_of(url), url, payload, _FIRST))

    def sift(self, leases: Iterable[Lease]) -> list[Lease]:
        """End the leases of links that are not followed; return the others."""
        wanted = []
        for lease in leases:
            if not lease.entry.payload.startswith(_MARK):
                wanted.append(lease)
                continue
            cut = json.loads(lease.entry.payload)
            ack = Ack(lease.id, State.SKIPPED, cut["cut"])
            self._books.close(ack, lease.entry, depth=cut["depth"])
        return wanted
