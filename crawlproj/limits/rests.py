"""Which sites rest, and when the first rest ends. Pure."""

from __future__ import annotations

import heapq

MIN_REST_S = 1.0
"""A shorter wait is pacing, not a rest."""
_LONG_S = 10.0


class Rests:
    """When the rest of each resting site ends; times are seconds on the caller's clock.

    Every call takes O(log n) for n rests, except ``current``, which takes O(n).

    long: those whose rest of over ten seconds began, or grew, since the owner emptied it.
    """

    def __init__(self) -> None:
        self.long: set[str] = set()
        self._ends: dict[str, float] = {}
        self._queue: list[tuple[float, str]] = []  # heap of (end, name); may hold old ends

    def end_of(self, name: str) -> float | None:
        """Return when the rest of ``name`` ends; None if it does not rest."""
        return self._ends.get(name)

    def set(self, name: str, ready_at: float, now: float) -> None:
        """Let ``name`` rest until ``ready_at``, or not at all if that is within MIN_REST_S."""
        if ready_at <= now + MIN_REST_S:
            if self._ends:
                self._ends.pop(name, None)
        elif (before := self._ends.get(name)) != ready_at:
            if ready_at > max(before or 0.0, now + _LONG_S):
                self.long.add(name)
            self._ends[name] = ready_at
            heapq.heappush(self._queue, (ready_at, name))
            # Old ends go when they reach the top; this bounds the number of those that never do.
            if len(self._queue) > 64 + 2 * len(self._ends):
                self._queue = [(end, resting) for resting, end in self._ends.items()]
                heapq.heapify(self._queue)

    def current(self, now: float) -> dict[str, float]:
        """Return the ends of the rests that are still on, by name."""
        return {name: end for name, end in self._ends.items() if end > now}

    def first_end(self, now: float) -> float | None:
        """Return when the first rest ends, and forget those that have ended; None without any."""
        while self._queue:
            end, name = self._queue[0]
            if self._ends.get(name) == end:
                if end > now:
                    return end
                del self._ends[name]
            heapq.heappop(self._queue)
        return None
