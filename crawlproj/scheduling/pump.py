"""The task that writes to a frontier and claims from it: one round after another, when asked."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from crawlproj.errors import FrontierError
from crawlproj.waiting import set_within

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)


class Round(Protocol):
    """A round of work; returns whether it changed anything. Raises FrontierError for good.

    asked: False if the wait for ``ask`` was too long.
    """

    async def __call__(self, *, asked: bool) -> bool: ...


class Pump:
    """Runs a round soon after each ``ask``, and at least after a time without any.

    patience_s: returns the seconds without ``ask`` until a round runs all the same.
    has_work: whether there is work to go on with, so that a round lets more gather: for ``batch_s``
        seconds, or until ``hurry``.
    on_change: called when a round has changed something, or none is due any more.
    on_failure: called once, when a round failed; none runs after that.
    busy: whether a round is due or under way. closing: whether ``stop`` was called. failed: whether
        a round failed.
    """

    def __init__(
        self,
        round_: Round,
        *,
        patience_s: Callable[[], float],
        has_work: Callable[[], bool],
        batch_s: float,
        on_change: Callable[[], None],
        on_failure: Callable[[FrontierError], None],
    ) -> None:
        self.busy = True
        self.closing = self.failed = False
        self._round = round_
        self._patience_s = patience_s
        self._has_work = has_work
        self._batch_s = batch_s
        self._on_change = on_change
        self._on_failure = on_failure
        self._asked = asyncio.Event()
        self._urgent = asyncio.Event()  # do not wait for more to gather
        self._task: asyncio.Task[None] | None = None

    @property
    def started(self) -> bool:
        """Whether ``start`` was called."""
        return self._task is not None

    def start(self) -> None:
        """Begin, with a round at once."""
        self._task = asyncio.ensure_future(self._run())
        self._task.add_done_callback(self._ended)
        self.ask()

    def ask(self) -> None:
        """Let a round run soon."""
        self.busy = True
        self._asked.set()

    def hurry(self) -> None:
        """Let the next round that was asked for run at once."""
        self._urgent.set()

    async def stop(self) -> None:
        """Let the round under way be the last one, and wait for its end."""
        self.closing = True
        self._asked.set()
        self._urgent.set()
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        while not self.closing:
            self._urgent.clear()
            asked = await set_within(self._asked, self._patience_s())
            if self._has_work():
                await set_within(self._urgent, self._batch_s)
            self._asked.clear()
            await asyncio.sleep(0)  # a round may never wait, so let other tasks go on
            if not self.closing:
                changed = await self._round(asked=asked)
                self.busy = self._asked.is_set()
                if changed or not self.busy:
                    self._on_change()

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        self.failed = True
        if not isinstance(error, FrontierError):
            logger.error("The frontier's pump failed", exc_info=error)
            error = FrontierError(f"the frontier's pump failed: {error!r}")
        self._on_failure(error)
