"""Ends a crawl within a bounded time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

ABANDON_AFTER_CANCEL_S = 1.0
"""How long cancelled downloads get to end by themselves."""


class _Timer(Protocol):
    def cancel(self) -> object:
        """Do not call."""


class Shutdown:
    """Lets downloads finish for ``grace_s``, then cancels them, and at last abandons the rest.

    cancel: cancels every download under way.
    abandon: drops the requests that have not ended ``ABANDON_AFTER_CANCEL_S`` later.
    call_later: calls a function after so many seconds; the running loop's by default.
    """

    def __init__(
        self,
        grace_s: float,
        *,
        cancel: Callable[[], None],
        abandon: Callable[[], None],
        call_later: Callable[[float, Callable[[], None]], _Timer] | None = None,
    ) -> None:
        self._grace_s = grace_s
        self._cancel = cancel
        self._abandon = abandon
        self._call_later = call_later
        self._timer: _Timer | None = None
        self.begun = False

    def begin(self) -> None:
        """Start the clock; a second call changes nothing."""
        if not self.begun:
            self.begun = True
            self._timer = self._later(self._grace_s, self._cancel_downloads)

    def end(self) -> None:
        """Stop the clock: everything has ended."""
        if self._timer is not None:
            self._timer.cancel()

    def _cancel_downloads(self) -> None:
        self._cancel()
        self._timer = self._later(ABANDON_AFTER_CANCEL_S, self._abandon)

    def _later(self, seconds: float, function: Callable[[], None]) -> _Timer:
        call_later = self._call_later or asyncio.get_running_loop().call_later
        return call_later(seconds, function)
