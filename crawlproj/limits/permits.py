"""The permit counter: how many requests may start at each site, and when."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_REMEMBERED = 100_000


@dataclass(slots=True)
class _Site:
    cap: int
    in_flight: int = 0
    delay_s: float = 0.0
    started_at: float = -inf
    rest_until: float = 0.0
    ready_at: float = 0.0  # the later of rest_until and started_at + delay_s
    queued_for: float = 0.0  # the ready_at of its entry in the heap; entries that differ are stale

    @property
    def limit(self) -> int:
        return 1 if self.delay_s else self.cap


class Permits:
    """Counts what is in flight at each site, and holds back sites that must rest.

    max_per_site: a site's requests in flight at once; 1 while it has a delay.
    clock: unix seconds.
    max_remembered: sites with nothing in flight whose delay, cap or rest is kept; the one that
        was used longest ago is forgotten first. Idle sites with none of these cost nothing.

    Every call is O(1) or O(log sites), but ``active`` and ``resting``, which are as long as their
    answers.
    """

    def __init__(
        self,
        max_per_site: int,
        clock: Callable[[], float],
        *,
        max_remembered: int = _MAX_REMEMBERED,
    ) -> None:
        if max_per_site < 1:
            raise ValueError(f"max_per_site must be at least 1, not {max_per_site}")
        self._max_per_site = max_per_site
        self._clock = clock
        self._max_remembered = max_remembered
        self._busy: dict[str, _Site] = {}  # with requests in flight
        self._idle: OrderedDict[str, _Site] = OrderedDict()  # without, used longest ago first
        self._resting: set[str] = set()  # may hold sites whose rest is over
        self._queue: list[tuple[float, str]] = []  # heap of (ready_at, site)

    def free(self, site: str) -> int:
        """Return how many permits could be taken now; 0 while the site rests."""
        state = self._find(site)
        if state is None:
            return self._max_per_site
        if state.ready_at and state.ready_at > self._clock():
            return 0
        return max(0, state.limit - state.in_flight)

    def take(self, site: str) -> None:
        """Take a permit for a request that starts now; raises ValueError if none is free."""
        if not self.free(site):
            raise ValueError(f"no permit of {site} is free")
        state = self._find(site) or _Site(self._max_per_site)
        state.in_flight += 1
        state.started_at = self._clock()
        self._settle(site, state, state.started_at)

    def give_back(self, site: str) -> None:
        """Give a permit back; raises ValueError if none is taken."""
        state = self._busy.get(site)
        if state is None:
            raise ValueError(f"no permit of {site} was taken")
        state.in_flight -= 1
        self._settle(site, state, self._clock())

    def in_flight(self, site: str) -> int:
        """Return how many permits of ``site`` are taken."""
        state = self._busy.get(site)
        return state.in_flight if state else 0

    def active(self) -> dict[str, int]:
        """Return the permits taken, by site; sites without any are left out."""
        return {site: state.in_flight for site, state in self._busy.items()}

    def ready_at(self, site: str) -> float:
        """Return when the site's rest ends (unix seconds); now, if it does not rest."""
        state = self._find(site)
        now = self._clock()
        return max(now, state.ready_at) if state else now

    def set_delay(self, site: str, delay_s: float) -> None:
        """Let starts at ``site`` be at least ``delay_s`` seconds apart, one at a time; 0 lifts it.

        The latest start counts if it is still in flight.
        """
        if not 0 <= delay_s < inf:
            raise ValueError(f"a delay must be finite and not negative, not {delay_s}")
        state = self._find(site) or _Site(self._max_per_site)
        state.delay_s = delay_s
        self._settle(site, state, self._clock())

    def set_cap(self, site: str, cap: int) -> None:
        """Let at most ``cap`` requests be in flight at ``site``, but never over max_per_site."""
        if cap < 1:
            raise ValueError(f"a cap must be at least 1, not {cap}")
        state = self._find(site) or _Site(self._max_per_site)
        state.cap = min(cap, self._max_per_site)
        self._settle(site, state, self._clock())

    def rest_until(self, site: str, when: float) -> None:
        """Start nothing at ``site`` before ``when`` (unix seconds); never shortens a rest."""
        if not when < inf:
            raise ValueError(f"a rest must end, not last until {when}")
        state = self._find(site) or _Site(self._max_per_site)
        state.rest_until = max(state.rest_until, when)
        self._settle(site, state, self._clock())

    def resting(self) -> list[str]:
        """Return the sites that must rest now."""
        now = self._clock()
        for site in [site for site in self._resting if not self._rests(site, now)]:
            self._wake(site, now)
        return list(self._resting)

    def next_ready(self) -> float | None:
        """Return when the first rest ends (unix seconds); None exactly when ``resting`` is empty.

        It may be the rest of a site that is at its limit then, and waits for ``give_back``.
        """
        now = self._clock()
        while self._queue:
            when, site = self._queue[0]
            state = self._find(site)
            if state is not None and state.queued_for == when:
                if when > now:
                    return when
                state.queued_for = 0.0
                self._wake(site, now)
            heapq.heappop(self._queue)
        return None

    def _find(self, site: str) -> _Site | None:
        return self._busy.get(site) or self._idle.get(site)

    def _rests(self, site: str, now: float) -> bool:
        state = self._find(site)
        return state is not None and state.ready_at > now

    def _wake(self, site: str, now: float) -> None:
        """Note that a rest is over, so that a site with nothing to remember is forgotten."""
        self._resting.discard(site)
        state = self._idle.get(site)
        if state is not None and not self._worth_remembering(state, now):
            del self._idle[site]

    def _settle(self, site: str, state: _Site, now: float) -> None:
        """Put ``site`` where it belongs after a change."""
        state.ready_at = state.rest_until
        if state.delay_s:
            state.ready_at = max(state.ready_at, state.started_at + state.delay_s)
        if state.in_flight:
            self._idle.pop(site, None)
            self._busy[site] = state
        else:
            self._busy.pop(site, None)
            self._remember(site, state, now)
        if state.ready_at > now:
            self._resting.add(site)
            if state.queued_for != state.ready_at:
                state.queued_for = state.ready_at
                heapq.heappush(self._queue, (state.ready_at, site))
                self._compact()
        else:
            self._resting.discard(site)
            state.queued_for = 0.0

    def _remember(self, site: str, state: _Site, now: float) -> None:
        if not self._worth_remembering(state, now):
            self._idle.pop(site, None)
            return
        self._idle[site] = state
        self._idle.move_to_end(site)
        if len(self._idle) > self._max_remembered:
            forgotten, _ = self._idle.popitem(last=False)
            self._resting.discard(forgotten)

    def _worth_remembering(self, state: _Site, now: float) -> bool:
        return bool(state.delay_s) or state.ready_at > now or state.cap != self._max_per_site

    def _compact(self) -> None:
        # Stale entries go when they come to the top; this bounds those that never do.
        if len(self._queue) > 64 + 2 * (len(self._busy) + len(self._idle)):
            self._queue = [
                (state.queued_for, site)
                for states in (self._busy, self._idle)
                for site, state in states.items()
                if state.queued_for
            ]
            heapq.heapify(self._queue)
