"""The permit counter: how many requests may start at each site, and when."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_IDLE = 100_000  # idle sites whose delay or rest is remembered


@dataclass(slots=True)
class _Site:
    cap: int
    in_flight: int = 0
    delay_s: float = 0.0
    ready_at: float = 0.0


class Permits:
    """Counts what is in flight at each site, and holds back sites that must rest.

    cap: a site's requests in flight at once; with a delay it is 1, and a start is at least the
        delay after the start before.
    clock: unix seconds.

    Idle sites without a delay or a rest are forgotten.
    """

    def __init__(self, cap: int, clock: Callable[[], float]) -> None:
        self._cap = cap
        self._clock = clock
        self._sites: OrderedDict[str, _Site] = OrderedDict()
        self._rests: list[tuple[float, str]] = []  # heap of (ready_at, site); may hold old ones

    def free(self, site: str) -> int:
        """Return how many permits could be taken now."""
        state = self._sites.get(site)
        if state is None:
            return self._cap
        if state.ready_at and state.ready_at > self._clock():
            return 0
        return max(0, (1 if state.delay_s else state.cap) - state.in_flight)

    def take(self, site: str) -> None:
        """Take a permit of ``site``; raises ValueError if none is free."""
        if not self.free(site):
            raise ValueError(f"no permit of {site} is free")
        state = self._state(site)
        state.in_flight += 1
        if state.delay_s:
            self._rest(site, state, self._clock() + state.delay_s)

    def give_back(self, site: str) -> None:
        """Give a permit back; raises ValueError if none was taken."""
        state = self._sites.get(site)
        if state is None or not state.in_flight:
            raise ValueError(f"no permit of {site} was taken")
        state.in_flight -= 1
        if not state.in_flight:
            self._forget_if_plain(site, state)

    def in_flight(self, site: str) -> int:
        """Return how many permits of ``site`` are taken."""
        state = self._sites.get(site)
        return state.in_flight if state else 0

    def active(self) -> dict[str, int]:
        """Return the permits taken, by site; sites without any are left out."""
        return {site: state.in_flight for site, state in self._sites.items() if state.in_flight}

    def set_delay(self, site: str, delay_s: float) -> None:
        """Let starts at ``site`` be ``delay_s`` seconds apart; 0 lifts it."""
        state = self._state(site)
        if delay_s and not state.delay_s and state.in_flight:
            self._rest(site, state, self._clock() + delay_s)
        state.delay_s = delay_s
        self._forget_if_plain(site, state)

    def rest_until(self, site: str, when: float) -> None:
        """Start nothing at ``site`` before ``when`` (unix seconds); never shortens a rest."""
        self._rest(site, self._state(site), when)

    def resting(self) -> list[str]:
        """Return the sites that must rest now."""
        now = self._clock()
        self._drop_past(now)
        return [site for site in {site for _, site in self._rests} if self._rests_at(site, now)]

    def next_ready(self) -> float | None:
        """Return when the first resting site may go on (unix seconds), or None."""
        self._drop_past(self._clock())
        return self._rests[0][0] if self._rests else None

    def _state(self, site: str) -> _Site:
        state = self._sites.get(site)
        if state is None:
            state = self._sites[site] = _Site(self._cap)
            if len(self._sites) > _MAX_IDLE:
                self._forget_oldest()
        return state

    def _rest(self, site: str, state: _Site, when: float) -> None:
        if when > state.ready_at:
            state.ready_at = when
            heapq.heappush(self._rests, (when, site))

    def _rests_at(self, site: str, now: float) -> bool:
        state = self._sites.get(site)
        return state is not None and state.ready_at > now

    def _drop_past(self, now: float) -> None:
        while self._rests:
            when, site = self._rests[0]
            state = self._sites.get(site)
            if when > now and state is not None and state.ready_at == when:
                return
            heapq.heappop(self._rests)
            if state is not None and state.ready_at <= now:
                self._forget_if_plain(site, state)

    def _forget_if_plain(self, site: str, state: _Site) -> None:
        plain = not state.in_flight and not state.delay_s and state.ready_at <= self._clock()
        if plain and self._sites.get(site) is state:
            del self._sites[site]

    def _forget_oldest(self) -> None:
        for site, state in self._sites.items():
            if not state.in_flight and state.ready_at <= self._clock():
                del self._sites[site]
                return
