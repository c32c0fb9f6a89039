"""How often somebody may guess. Pure."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from crawlproj.bounded import put

if TYPE_CHECKING:
    from collections.abc import Callable

_BURST, _PAUSE_S = 5, 10.0
_MAX_ADDRESSES = 10_000


class Attempts:
    """Counts wrong tokens by address: five at once, then one every ten seconds.

    It remembers the last 10,000 addresses. clock: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        # Address → when all its wrong tokens will be forgiven (GCRA).
        self._forgiven: OrderedDict[str, float] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Return how many seconds ``address`` must wait before it may try again; 0 if it may."""
        owed_s = self._forgiven.get(address, 0.0) - self._clock()
        return max(0.0, owed_s - (_BURST - 1) * _PAUSE_S)

    def failed(self, address: str) -> None:
        """Note a wrong token."""
        now = self._clock()
        owed_until = max(now, self._forgiven.get(address, now)) + _PAUSE_S
        put(self._forgiven, address, owed_until, _MAX_ADDRESSES)
