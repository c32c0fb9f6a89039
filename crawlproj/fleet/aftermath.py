"""What is done at the frontier about workers that died, and pages that killed them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Protocol

from crawlproj.errors import FrontierError
from crawlproj.fleet.quarantine import KILLS, REASON

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from crawlproj.fleet.breadcrumb import PageInHand
    from crawlproj.fleet.quarantine import Quarantine
    from crawlproj.frontier.base import Totals

logger = logging.getLogger(__name__)


class Admin(Protocol):
    """What is asked of a job's frontier; see RedisAdmin."""

    async def totals(self) -> Totals:
        """Return the counts over the job."""

    async def finished(self) -> bool:
        """Return whether nothing is left to do."""

    async def generation(self) -> int:
        """Return the number of the job's generation."""

    async def give_up(self, owner: int) -> int:
        """Give a dead worker's leases back; returns how many."""

    async def fail(self, lease_id: int, reason: str) -> bool:
        """End a leased entry as failed; returns False if the lease is no more."""


class Aftermath:
    """Works in the background: the frontier may be away for a while.

    on_quarantined: awaited with the URL of a page that is not tried again, and why.
    quarantined: those pages.
    """

    def __init__(
        self,
        admin: Admin,
        quarantine: Quarantine,
        on_quarantined: Callable[[str, str], Awaitable[None]],
    ) -> None:
        self.quarantined: list[str] = []
        self._admin = admin
        self._quarantine = quarantine
        self._on_quarantined = on_quarantined
        self._condemned: set[str] = set()  # as soon as there is a lease to end
        self._tasks: set[asyncio.Task[None]] = set()

    def blame(self, page: PageInHand) -> int:
        """Count a page that killed its worker; returns how many it has killed."""
        kills = self._quarantine.blame(page.url)
        if kills >= KILLS:
            self._condemned.add(page.url)
        return kills

    def bury(self, owner: int, page: PageInHand | None) -> None:
        """Give a dead worker's leases back, but for that of the page it was on, if condemned."""
        self._begin(self._bury(owner, page))

    def meet(self, page: PageInHand) -> None:
        """End a condemned page where a worker is on it again.

        One that hangs has outlived the lease it was blamed with, and is another's by now.
        """
        if page.url in self._condemned:
            self._begin(self._bury(0, page))

    async def end(self) -> None:
        """Wait for what is under way; to be cancelled if that takes too long."""
        try:
            while self._tasks:
                await asyncio.wait(self._tasks)
        finally:
            for task in self._tasks:
                task.cancel()

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _bury(self, owner: int, page: PageInHand | None) -> None:
        with contextlib.suppress(FrontierError):
            if page is not None and page.url in self._condemned:
                await self._fail(page)
        try:
            if owner and (back := await self._admin.give_up(owner)):
                logger.info("%d pages of a worker that is gone may be claimed again", back)
        except FrontierError as exc:
            logger.error("What a dead worker held is claimed again when its leases end: %s", exc)

    async def _fail(self, page: PageInHand) -> None:
        if await self._admin.fail(page.lease_id, REASON):
            self._condemned.discard(page.url)
            self.quarantined.append(page.url)
            logger.error("Not tried again, as it killed %d workers: %s", KILLS, page.url)
            await self._on_quarantined(page.url, f"killed {KILLS} workers")
