"""Tells a second signal to stop from a copy of the first."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

COPY_S = 0.5
"""So long after a signal to stop, another one is a copy of it.

``timeout`` sends one to its child and one to the child's group, and systemd to all processes of a
service, of which a supervisor passes it on. Copies arrive within milliseconds.
"""


class StopSignals:
    """Counts signals to stop, copies excepted.

    clock: seconds, which never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first: float | None = None

    def take(self) -> bool:
        """Take in a signal; return whether it is not a copy of the first."""
        now = self._clock()
        if self._first is None:
            self._first = now
            return True
        return now - self._first >= COPY_S
