"""New connections that wait while others are served again and again. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

_TIMES = 3


class _Waiting:
    """A connection to ``server`` whose first request was sent at ``sent_at``, in seconds.

    overtaken: how many requests that were sent later have been answered by the server.
    """

    __slots__ = ("overtaken", "sent_at", "server")

    def __init__(self, server: object, sent_at: float) -> None:
        self.server = server
        self.sent_at = sent_at
        self.overtaken = 0


class Overtaking:
    """Tells which connection to close so that a new one gets its turn.

    Where a worker serves one connection until that is closed (Apache's prefork, a server with one
    thread), a new connection waits for as long as the others have requests. So if three requests
    that were sent later than its first one are answered before it, one of the others is closed. It
    may only have met a slow page, so it is one for each three.
    """

    def __init__(self) -> None:
        self._waiting: dict[Hashable, _Waiting] = {}  # by connection, the oldest first

    def on_first(self, connection: Hashable, server: object, now: float) -> None:
        """Note that the first request of a connection to ``server`` is sent."""
        self._waiting[connection] = _Waiting(server, now)

    def on_answer(self, connection: Hashable) -> None:
        """Note that a connection has an answer, or has ended."""
        self._waiting.pop(connection, None)

    def waits(self, server: object) -> bool:
        """Return whether a new connection to ``server`` has no answer yet."""
        return any(waiting.server == server for waiting in self._waiting.values())

    def on_end(self, server: object, sent_at: float) -> bool:
        """Return whether to close the connection whose request, sent then, has been answered."""
        found = False
        for waiting in self._waiting.values():
            if waiting.server != server or waiting.sent_at >= sent_at:
                continue
            waiting.overtaken += 1
            if waiting.overtaken >= _TIMES and not found:
                waiting.overtaken = 0
                found = True
        return found
