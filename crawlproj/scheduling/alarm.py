"""A timer for the earliest of several times."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawlproj.frontier.base import Clock

_LATE_S = 0.001


class Alarm:
    """Calls ``ring`` once, at the earliest time that was set since it last rang.

    clock: tells the times that are set; the running event loop waits.
    """

    def __init__(self, clock: Clock, ring: Callable[[], None]) -> None:
        self._clock = clock
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0  # by the loop's clock

    def set(self, at: float) -> None:
        """Ring at ``at``, unless that happens earlier anyway."""
        loop = asyncio.get_running_loop()
        # Slightly late, because the loop's clock rounds: early, a site would still rest.
        due = loop.time() + max(0.0, at - self._clock()) + _LATE_S
        if self._timer is not None and loop.time() < self._due <= due:
            return
        self.cancel()
        self._due = due
        self._timer = loop.call_at(due, self._on_timer)

    def cancel(self) -> None:
        """Do not ring."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_timer(self) -> None:
        self._timer = None
        self._ring()
