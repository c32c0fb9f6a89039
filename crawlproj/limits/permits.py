"""The permit counter: how many requests may start at each site, and when. Pure."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from math import ceil, inf
from typing import TYPE_CHECKING

from crawlproj.limits.share import fair_level
from crawlproj.limits.site import Ending, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from crawlproj.limits.learned import Learned
    from crawlproj.limits.site import Permit, SiteControl

_MAX_CONTROLS = 10_000
_MAX_LEARNED = 100_000
_REST_S = 1.0  # a shorter wait is pacing: such a site is not left alone
_LEVEL_S = 0.25  # between two looks at who wants how much of the budget
_IGNORED = Ending(Verdict.IGNORED)


@dataclass(frozen=True, slots=True)
class SiteView:
    """How a site stands.

    in_flight: requests. limit: requests in flight it may have. rate: requests/s, infinite if
    unlimited. blocked_s: seconds until it may be asked again. state: "open", "limited" (by rate),
    "resting" (over a second), or "down" (only canaries are sent).
    """

    in_flight: int
    limit: float
    rate: float
    blocked_s: float
    state: str


class Permits:
    """A ``SiteControl`` for each site, the budget they share, and who rests.

    make: the control of a new site.
    clock: unix seconds.
    budget: requests in flight over all sites. While sites want more than that together, none gets
        more than its max-min fair share (Bertsekas and Gallager, "Data Networks", §6.5.2): the
        level at which the smaller demands are met and the others equal. Rounding may exceed it
        by one request a site, no more; see ``assured``.
    group_of: names the control a site shares with others (its domain, its address); None: its own.
    max_controls: of sites with nothing in flight; of what was used longest ago only its rest and
        what was learned are kept, the latter for 100,000 sites.

    Every call is O(1) or O(log sites), but ``active``, ``views`` and ``resting``, which are as long
    as their answers, and four times a second the fair share, O(busy sites · log).
    """

    def __init__(
        self,
        make: Callable[[str], SiteControl],
        clock: Callable[[], float],
        *,
        budget: float = inf,
        group_of: Callable[[str], str] | None = None,
        max_controls: int = _MAX_CONTROLS,
    ) -> None:
        self._make = make
        self._clock = clock
        self._budget = budget
        self._group_of = group_of
        self._members: dict[str, set[str]] = {}
        self._max_controls = max_controls
        self._busy: dict[str, SiteControl] = {}  # with requests in flight
        self._idle: OrderedDict[str, SiteControl] = OrderedDict()  # used longest ago first
        self._learned: OrderedDict[str, Learned] = OrderedDict()
        self._changed: set[str] = set()  # since what was learned was last taken
        self._resting: dict[str, float] = {}  # until when
        self._queue: list[tuple[float, str]] = []  # heap of (ready_at, site)
        self._asked: set[str] = set()  # sites with work since the last look
        self._level = inf
        self._level_until = -inf
        self._taken = 0

    def free(self, site: str) -> int:
        """Return how many permits could be taken now."""
        name = self._name(site)
        return self._free(name, self._find(name), self._clock())

    def _free(self, name: str, control: SiteControl | None, now: float) -> int:
        self._asked.add(name)
        if control is None:
            return int(self._resting.get(name, now) <= now)
        room = control.free(now)
        if room and self._fair_share(now) < inf:
            room = min(room, ceil(self._level) - control.in_flight)
        # Shares are of a moment ago, and rounded up; what is over the budget is one a site at most.
        if room > (left := self._budget + len(self._busy) - self._taken):
            room = max(int(left), int(not control.in_flight))
        return max(0, room)

    def assured(self, site: str) -> bool:
        """Whether ``site`` has less in flight than its share rounded down.

        Such sites go first where something else bounds the total: they then wait for nobody, and
        what is left over is for the others to take turns at.
        """
        if self._level == inf:
            return True
        return self.in_flight(site) < int(self._level)

    def wake_at(self, site: str) -> float:
        """Return when to ask again for a site without a free permit, unless one is given back."""
        now = self._clock()
        name = self._name(site)
        control = self._find(name)
        if control is None:
            return max(now, self._resting.get(name, now))
        if control.free(now):
            return now + _LEVEL_S  # it waits for its share
        return control.wake_at(now)

    def ready_at(self, site: str) -> float:
        """Return when time allows the next start; what is in flight may still not."""
        now = self._clock()
        name = self._name(site)
        control = self._find(name)
        return max(now, self._resting.get(name, now) if control is None else control.ready_at())

    def take(self, site: str) -> Permit:
        """Take a permit for a request that starts now; raises ValueError if none is free."""
        permit = self.take_free(site)
        if permit is None:
            raise ValueError(f"no permit of {site} is free")
        return permit

    def take_free(self, site: str) -> Permit | None:
        """Take a permit for a request that starts now, if one is free."""
        now = self._clock()
        name = self._name(site)
        control = self._find(name)
        if not self._free(name, control, now):
            return None
        if control is None:
            control = self._control(name)
        permit = control.start(now)
        permit.site = name
        self._idle.pop(name, None)
        self._busy[name] = control
        self._taken += 1
        self._settle(name, control, now)
        return permit

    def send(self, permit: Permit) -> None:
        """Note that the request of a permit is sent now; the last call counts."""
        control = self._busy.get(permit.site)
        if control is not None:
            now = self._clock()
            control.send(permit, now)
            self._settle(permit.site, control, now)

    def give_back(self, permit: Permit, ending: Ending = _IGNORED) -> None:
        """Give a permit back with how it ended; raises ValueError if it was given back before."""
        control = self._busy.get(permit.site)
        now = self._clock()
        try:
            if control is None:
                raise KeyError
            control.end(permit, now, ending)
        except KeyError:
            raise ValueError(f"this permit of {permit.site} was given back before") from None
        self._taken -= 1
        self._changed.add(permit.site)
        if not control.in_flight:
            del self._busy[permit.site]
            self._rest(permit.site, control)
        self._settle(permit.site, control, now)

    def observe(self, site: str, started_at: float, in_flight: int, ending: Ending) -> SiteControl:
        """Learn from a request that took no permit, as somebody else admitted it.

        in_flight: at the site when it started, itself included. Returns the site's control.
        """
        now = self._clock()
        control = self._control(site)
        control.observe(started_at, in_flight, now, ending)
        self._rest(site, control)
        return control

    def note(self, site: str, ending: Ending) -> None:
        """Heed what a request without a permit was told: a refusal, a Retry-After, a quota."""
        self._change(site, lambda control, now: control.note(now, ending))

    def set_delay(self, site: str, delay_s: float) -> None:
        """Let starts at ``site`` be at least ``delay_s`` seconds apart, one at a time; 0 lifts it.

        The latest start counts if it is still in flight.
        """
        if not 0 <= delay_s < inf:
            raise ValueError(f"a delay must be finite and not negative, not {delay_s}")
        control = self._find(self._name(site))
        if control is None and not delay_s:
            return
        self._change(site, lambda control, _: control.set_delay(delay_s))

    def rest_until(self, site: str, when: float) -> None:
        """Start nothing at ``site`` before ``when`` (unix seconds); never shortens a rest."""
        if not when < inf:
            raise ValueError(f"a rest must end, not last until {when}")
        self._change(site, lambda control, _: control.rest(when))

    def begin_carefully(self, site: str) -> None:
        """Let ``site`` have one request in flight, and one more with each answer."""
        self._change(site, lambda control, _: control.begin_carefully())

    def in_flight(self, site: str) -> int:
        """Return how many permits of ``site`` are taken."""
        control = self._busy.get(self._name(site))
        return control.in_flight if control else 0

    def active(self) -> dict[str, int]:
        """Return the permits taken, by site; sites without any are left out."""
        return {name: control.in_flight for name, control in self._busy.items()}

    def view(self, site: str) -> SiteView | None:
        """Return how ``site`` stands; None if it is not remembered."""
        control = self._find(self._name(site))
        return self._view(control, self._clock()) if control is not None else None

    def busy_views(self) -> list[SiteView]:
        """Return how the sites stand that have requests in flight."""
        now = self._clock()
        return [self._view(control, now) for control in self._busy.values()]

    def views(self) -> dict[str, SiteView]:
        """Return how every site stands that is remembered."""
        now = self._clock()
        return {
            name: self._view(control, now)
            for controls in (self._idle, self._busy)
            for name, control in controls.items()
        }

    def members(self, site: str) -> Iterable[str]:
        """Return the sites that share the control of ``site``, itself included."""
        return self._members.get(self._name(site), ()) if self._group_of else (site,)

    def resting(self) -> dict[str, float]:
        """Return until when sites must rest; those that must for over a second since they began."""
        now = self._clock()
        names = {name: until for name, until in self._resting.items() if until > now}
        if self._group_of is None:
            return names
        return {site: names[name] for name in names for site in self._members.get(name, ())}

    def next_ready(self) -> float | None:
        """Return when the first of ``resting`` ends its rest (unix seconds); None without any.

        It may be at its limit then, and wait for ``give_back``.
        """
        now = self._clock()
        while self._queue:
            when, name = self._queue[0]
            if self._resting.get(name) == when:
                if when > now:
                    return when
                del self._resting[name]
            heapq.heappop(self._queue)
        return None

    def recall(self, learned: Mapping[str, Learned]) -> None:
        """Start sites from what an earlier crawl learned."""
        self._learned.update(learned)
        self._trim()

    def take_learned(self) -> dict[str, Learned]:
        """Return what was learned since the last call, by site."""
        changed, self._changed = self._changed, set()
        found: dict[str, Learned] = {}
        for name in changed:
            control = self._find(name)
            learned = control.learned() if control is not None else self._learned.get(name)
            if learned is not None:
                found[name] = learned
        return found

    # Helpers

    def _name(self, site: str) -> str:
        if self._group_of is None:
            return site
        name = self._group_of(site)
        self._members.setdefault(name, set()).add(site)
        return name

    def _find(self, name: str) -> SiteControl | None:
        return self._busy.get(name) or self._idle.get(name)

    def _control(self, name: str) -> SiteControl:
        control = self._find(name)
        if control is None:
            control = self._make(name)
            if (learned := self._learned.pop(name, None)) is not None:
                control.recall(learned, self._clock())
            if (until := self._resting.get(name)) is not None:
                control.rest(until)
        return control

    def _change(self, site: str, change: Callable[[SiteControl, float], None]) -> None:
        now = self._clock()
        name = self._name(site)
        control = self._control(name)
        change(control, now)
        if name not in self._busy:
            self._rest(name, control)
        self._settle(name, control, now)

    def _rest(self, name: str, control: SiteControl) -> None:
        """Keep the control of a site with nothing in flight, if there is room."""
        self._idle[name] = control
        self._idle.move_to_end(name)
        if len(self._idle) > self._max_controls:
            forgotten, old = self._idle.popitem(last=False)
            if (learned := old.learned()) is not None:
                self._learned[forgotten] = learned
                self._learned.move_to_end(forgotten)
                self._trim()

    def _trim(self) -> None:
        while len(self._learned) > _MAX_LEARNED:
            self._learned.popitem(last=False)

    def _settle(self, name: str, control: SiteControl, now: float) -> None:
        """Note whether the site rests after a change."""
        ready_at = control.ready_at()
        if ready_at <= now + _REST_S:
            if self._resting:
                self._resting.pop(name, None)
        elif self._resting.get(name) != ready_at:
            self._resting[name] = ready_at
            heapq.heappush(self._queue, (ready_at, name))
            # Stale entries go when they come to the top; this bounds those that never do.
            if len(self._queue) > 64 + 2 * len(self._resting):
                self._queue = [(until, site) for site, until in self._resting.items()]
                heapq.heapify(self._queue)

    def _fair_share(self, now: float) -> float:
        """Return the requests in flight to which a site is held; infinite if all fit."""
        if now < self._level_until:
            return self._level
        self._level_until = now + _LEVEL_S
        names = self._asked | self._busy.keys()
        self._asked = set()
        self._level = fair_level(map(partial(self._demand, now), names), self._budget)
        return self._level

    def _demand(self, now: float, name: str) -> int:
        control = self._find(name)
        return control.demand(now) if control is not None else 1

    def _view(self, control: SiteControl, now: float) -> SiteView:
        blocked_s = max(0.0, control.ready_at() - now)
        if control.down:
            state = "down"
        elif blocked_s > _REST_S:
            state = "resting"
        else:
            state = "limited" if control.rate < inf else "open"
        return SiteView(control.in_flight, control.limit, control.rate, blocked_s, state)
