"""Writes down what became of each URL that was not done, before the frontier counts it.

So each failure and each skipped URL of the summary has a row, also after a crash. The one exception
is max-pages: what that leaves out is skipped all at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import TYPE_CHECKING

from crawlproj.errors import NotStored
from crawlproj.frontier.base import Ack, State
from crawlproj.items import FetchFailure, SkippedUrl

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawlproj.frontier.base import Entry

logger = logging.getLogger(__name__)

Outcome = FetchFailure | SkippedUrl

_WRITTEN = frozenset({State.FAILED, State.SKIPPED})


class Books:
    """Acks leases, each once what became of its URL is durable.

    write: stores an outcome; its future ends when that is durable, or with NotStored. None if
        nothing is stored: every ack is then applied at once.
    """

    def __init__(self, ack: Callable[[Ack, str], None]) -> None:
        self.write: Callable[[Outcome], asyncio.Future[str | None]] | None = None
        self._ack = ack
        self._waiting: set[asyncio.Future[str | None]] = set()
        # The frontier is opened before the store, and may give back what an earlier run cut.
        self._early: list[Callable[[], None]] | None = []

    def __len__(self) -> int:
        """Return how many acks wait."""
        return len(self._waiting) + len(self._early or ())

    def begin(self) -> None:
        """Take in what was closed until now. Call this when the store, if any, is open."""
        early, self._early = self._early, None
        for close in early or ():
            close()

    def close(
        self, ack: Ack, entry: Entry, *, detail: str = "", status: int | None = None, depth: int = 0
    ) -> None:
        """Apply ``ack``, of the lease of ``entry``, once its outcome is written."""
        if self._early is not None:
            again = partial(self.close, ack, entry, detail=detail, status=status, depth=depth)
            self._early.append(again)
            return
        if self.write is None or ack.state not in _WRITTEN:
            self._ack(ack, entry.site)
            return
        now = time.time()
        url = entry.url or f"{entry.site}: no URL"  # of a row that someone else wrote
        outcome: Outcome = SkippedUrl(url, ack.reason, detail, depth, now)
        if ack.state is State.FAILED:
            outcome = FetchFailure(url, ack.reason, detail, status, depth, now)
        written = self.write(outcome)
        self._waiting.add(written)
        written.add_done_callback(lambda future: self._written(future, ack, entry))

    async def settled(self) -> None:
        """Wait until every ack was applied."""
        if self._waiting:
            await asyncio.wait(self._waiting)
            await asyncio.sleep(0)  # until the callbacks have run

    def _written(self, future: asyncio.Future[str | None], ack: Ack, entry: Entry) -> None:
        self._waiting.discard(future)
        error = None if future.cancelled() else future.exception()
        if future.cancelled() or isinstance(error, NotStored):
            ack = Ack(ack.lease_id, State.PENDING, count_attempt=False)
        elif error is not None:
            logger.error("%s ended as %s, which has no row: %s", entry.url, ack.reason, error)
        self._ack(ack, entry.site)
