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
from crawlproj.items import FetchFailure, PageCheck, PageHints, SkippedUrl
from crawlproj.scheduling.checks import NotModified

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawlproj.frontier.base import Entry
    from crawlproj.scheduling.work import Work
    from crawlproj.store.base import ReadChecked

logger = logging.getLogger(__name__)

Outcome = FetchFailure | SkippedUrl | PageCheck | PageHints

_NOT_MODIFIED = NotModified.frontier_outcome[1]
_AT_ONCE = 500  # rows


class Books:
    """Acks leases, each once what became of its URL is durable.

    write: stores an outcome; its future ends when that is durable, or with NotStored. None if
        nothing is stored: every ack is then applied at once.
    read: reads what an earlier crawl wrote down; None if nothing is stored, or the store cannot.
    """

    def __init__(self, ack: Callable[[Ack, str], None], *, spider: object) -> None:
        self.write: Callable[[Outcome], asyncio.Future[str | None]] | None = None
        self.read: ReadChecked | None = None
        self._ack = ack
        self._spider = spider
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
        self,
        ack: Ack,
        entry: Entry,
        work: Work | None = None,
        *,
        detail: str = "",
        depth: int = 0,
    ) -> None:
        """Apply ``ack``, of the lease of ``entry``, once its outcome is written.

        work: what was done on the lease; None if nothing was, for which ``detail`` may say why.
        """
        if self._early is not None:
            self._early.append(partial(self.close, ack, entry, work, detail=detail, depth=depth))
            return
        outcome = _outcome(ack, entry, work, detail, depth)
        if self.write is None or outcome is None:
            self._ack(ack, entry.site)
            return
        written = self.write(outcome)
        self._waiting.add(written)
        written.add_done_callback(lambda future: self._written(future, ack, entry))

    @property
    def are_open(self) -> bool:
        """Whether ``begin`` was called."""
        return self._early is None

    async def note(self, outcomes: Sequence[Outcome]) -> None:
        """Wait until outcomes that end no lease are durable. Raises NotStored."""
        if self.write is None:
            return
        for start in range(0, len(outcomes), _AT_ONCE):  # pages are stored between them
            written = [self.write(outcome) for outcome in outcomes[start : start + _AT_ONCE]]
            await asyncio.wait(written)
            for future, outcome in zip(written, outcomes[start:], strict=False):
                if isinstance(error := future.exception(), NotStored):
                    raise error
                if error is not None:
                    extra = {"spider": self._spider}
                    logger.error("%s has no row: %s", outcome.url, error, extra=extra)

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
            logger.error(
                "%s ended as %s, which has no row: %s",
                entry.url,
                ack.reason,
                error,
                extra={"spider": self._spider},
            )
        self._ack(ack, entry.site)


def _outcome(ack: Ack, entry: Entry, work: Work | None, detail: str, depth: int) -> Outcome | None:
    """Return what is to be written; None if nothing is."""
    url = entry.url or f"{entry.site}: no URL"  # of a row that someone else wrote
    status, when = None, time.time()
    if work is not None:
        detail, status, when = work.detail, work.status, work.ended_at or when
    match ack.state:
        case State.FAILED:
            return FetchFailure(url, ack.reason, detail, status, depth, when)
        case State.SKIPPED:
            return SkippedUrl(url, ack.reason, detail, depth, when)
        case State.DONE if ack.reason == _NOT_MODIFIED:
            return PageCheck(url, when)
    return None
