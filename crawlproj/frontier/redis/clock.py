"""The two clocks of a Redis frontier: the server's, and that of this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.clock import crawl_time

if TYPE_CHECKING:
    from crawlproj.frontier.base import Clock

US = 1e6
_MAX_S = 4e9  # the year 2096: Lua needs microseconds below 2^53


class ServerClock:
    """Converts between local unix seconds and the server's microseconds.

    local: for tests: a clock that the server uses, too. None: each uses its own, and ``follow``
        learns the difference.
    """

    def __init__(self, local: Clock | None) -> None:
        self.now = local or crawl_time
        self._shared = local is not None
        self._ahead_s = 0.0  # of the server

    def follow(self, server_us: int) -> None:
        """Note the server's time, which an answer just gave."""
        if not self._shared:
            self._ahead_s = server_us / US - self.now()

    def now_arg(self) -> str:
        """Return the time for a script to use; "" tells it to read the server's clock."""
        return str(int(self.now() * US)) if self._shared else ""

    def to_server(self, when: float) -> str:
        """Return a local time in the server's microseconds; "" for 0."""
        return str(int((min(when, _MAX_S) + self._ahead_s) * US)) if when else ""

    def to_local(self, server_us: int) -> float:
        """Return a time of the server in local seconds; 0 for 0."""
        return server_us / US - self._ahead_s if server_us else 0.0
