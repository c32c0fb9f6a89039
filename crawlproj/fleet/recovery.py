"""Returns the leases of dead workers to the frontier, and fails the pages that killed them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Protocol

from crawlproj.errors import FrontierError
from crawlproj.fleet.quarantine import KILLS, REASON

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from crawlproj.fleet.breadcrumb import CurrentPage
    from crawlproj.fleet.quarantine import Quarantine
    from crawlproj.frontier.base import Totals

logger = logging.getLogger(__name__)


class Admin(Protocol):
    """The operations on a job's frontier that a supervisor needs; RedisAdmin implements them."""

    async def totals(self) -> Totals:
        """Return the counts of the whole job."""

    async def finished(self) -> bool:
        """Return whether the job has no work left."""

    async def generation(self) -> int:
        """Return the number of the job's generation."""

    async def give_up(self, owner: int) -> int:
        """Return a dead worker's leases to the queue; returns how many there were."""

    async def fail(self, lease_id: int, reason: str) -> bool:
        """Fail a leased entry; returns False if the lease has ended or expired."""


class Recovery:
    """Works in background tasks, because the frontier may be unreachable for a while.

    on_quarantined: awaited with the URL and the reason of each page that is not tried again.
    quarantined: the URLs of those pages.
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
        self._condemned: set[str] = set()  # URLs to fail as soon as a worker leases them
        self._tasks: set[asyncio.Task[None]] = set()

    def blame(self, page: CurrentPage) -> int:
        """Count a worker that died on a page; returns how many have."""
        kills = self._quarantine.blame(page.url)
        if kills >= KILLS:
            self._condemned.add(page.url)
        return kills

    def release(self, owner: int, page: CurrentPage | None) -> None:
        """Return a dead worker's leases to the queue, but first fail ``page`` if condemned."""
        self._begin(self._release(owner, page))

    def fail_if_condemned(self, page: CurrentPage) -> None:
        """Fail the page a worker is on, if it is condemned.

        By the time a hung worker is killed, its lease may have expired and the page may be leased
        by another worker.
        """
        if page.url in self._condemned:
            self._begin(self._release(0, page))

    async def end(self) -> None:
        """Wait for the background tasks; if the caller cancels this, they are cancelled too."""
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

    async def _release(self, owner: int, page: CurrentPage | None) -> None:
        with contextlib.suppress(FrontierError):
            if page is not None and page.url in self._condemned:
                await self._fail(page)
        try:
            if owner and (returned := await self._admin.give_up(owner)):
                logger.info("Returned %d pages of a dead worker to the queue", returned)
        except FrontierError as exc:
            logger.error(
                "Cannot return a dead worker's pages now; they return when its leases expire: %s",
                exc,
            )

    async def _fail(self, page: CurrentPage) -> None:
        if await self._admin.fail(page.lease_id, REASON):
            self._condemned.discard(page.url)
            self.quarantined.append(page.url)
            logger.error("Not tried again because it killed %d workers: %s", KILLS, page.url)
            await self._on_quarantined(page.url, f"killed {KILLS} workers")
