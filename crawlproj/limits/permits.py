"""The permit counter: how many requests may start at each site, and when. Pure."""

from __future__ import annotations

from math import ceil, inf
from typing import TYPE_CHECKING

from crawlproj.limits.controls import Controls
from crawlproj.limits.ending import NOTHING_LEARNED, Ending
from crawlproj.limits.paused import PausedSites
from crawlproj.limits.rests import Rests
from crawlproj.limits.share import SHARE_S, Shares
from crawlproj.limits.view import view_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from crawlproj.limits.learned import Learned
    from crawlproj.limits.permit import Permit
    from crawlproj.limits.site import SiteControl
    from crawlproj.limits.view import SiteView

_MAX_CONTROLS = 10_000
_SCARCE = 0.75  # of the budget


class Permits:
    """A ``SiteControl`` for each site, the budget they share, and the sites that rest.

    make: builds the control of a new site.
    clock: unix seconds.
    budget: requests in flight over all sites. While the sites together want more, none gets more
        than its max-min fair share (Bertsekas and Gallager, "Data Networks", §6.5.2): smaller
        demands are met in full, the others get equal shares. Rounding may exceed the budget by
        up to one request per site; see ``assured``. While others use most of it, a site
        that answers ten times slower than the median site has one in flight, and one that is down
        is not probed again before its last request has ended, perhaps by a timeout.
    group_of: the name of the control that a site shares with others (its domain or address); None
        gives each site its own.
    paused: the sites that get no permit, whatever their limits say; set it to change that.
    rests: when sites, by the names of their controls, may be asked again; for reading only.
    max_controls: how many controls of sites with nothing in flight are kept. Of sites used longer
        ago, only their rest and what was learned remain, the latter for 100,000 sites.

    Every call takes O(log sites), except those that return or ``adopt`` for many sites, and the
    fair share: O(busy sites · log), four times a second.
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
        self._clock = clock
        self._budget = budget
        self._group_of = group_of
        self._members: dict[str, set[str]] = {}
        self._controls = Controls(make, max_controls)
        self._changed: set[str] = set()  # since the last ``take_learned``
        self.rests = Rests()
        self._asked: set[str] = set()  # sites with work since the last fair share
        self._shares = Shares(budget)
        self._taken = 0
        self.paused = PausedSites()

    def free(self, site: str) -> int:
        """Return how many permits ``site`` could take now."""
        name = self._name(site)
        return self._free(site, name, self._controls.find(name), self._clock())

    def _free(self, site: str, name: str, control: SiteControl | None, now: float) -> int:
        if site in self.paused:
            return 0
        self._asked.add(name)
        if control is None:
            return int((self.rests.end_of(name) or now) <= now)
        room = control.free(now)
        if control.down and control.in_flight:
            by_others = self._taken - control.in_flight
            if by_others >= _SCARCE * self._budget:
                return 0  # a site that hangs would hold more with each probe
        if room and (share := self._share(control, now)) < inf:
            room = min(room, ceil(share) - control.in_flight)
        # Shares are a moment old and rounded up; this keeps the excess to one request per site.
        if room > (left := self._budget + len(self._controls.busy) - self._taken):
            room = max(int(left), int(not control.in_flight))
        return max(0, room)

    def assured(self, site: str) -> bool:
        """Return whether ``site`` has less in flight than its share rounded down.

        If something else bounds the total too, let such sites go first: they need not wait, and the
        other sites take turns at the rest.
        """
        control = self._controls.find(self._name(site))
        share = self._shares.of(control)
        return share == inf or (control.in_flight if control else 0) < int(share)

    def wake_at(self, site: str) -> float:
        """Return when to try again at a site without a free permit, unless one is given back."""
        if site in self.paused:
            return inf
        now = self._clock()
        name = self._name(site)
        control = self._controls.find(name)
        if control is None:
            return max(now, self.rests.end_of(name) or now)
        if control.free(now):
            return now + SHARE_S  # waiting for its share
        return control.wake_at(now)

    def ready_at(self, site: str) -> float:
        """Return when time allows the next start, whatever is in flight."""
        now = self._clock()
        name = self._name(site)
        control = self._controls.find(name)
        if control is None:
            return max(now, self.rests.end_of(name) or now)
        return max(now, control.ready_at())

    def take(self, site: str) -> Permit:
        """Take a permit for a request that starts now. Raises ValueError if none is free."""
        permit = self.take_free(site)
        if permit is None:
            raise ValueError(f"{site} has no free permit")
        return permit

    def take_free(self, site: str, *, sent: bool = True) -> Permit | None:
        """Take a permit for a request that starts now, if one is free.

        sent: whether it is sent now; otherwise ``send`` follows.
        """
        now = self._clock()
        name = self._name(site)
        control = self._controls.find(name)
        if not self._free(site, name, control, now):
            return None
        if control is None:
            control = self._control(name)
        permit = control.start(now, sent=sent)
        permit.site = name
        self._controls.set_busy(name, control)
        self._taken += 1
        self.rests.set(name, control.ready_at(), now)
        return permit

    def send(self, permit: Permit) -> None:
        """Note that the request of a permit is sent now; the latest call counts."""
        control = self._controls.busy.get(permit.site)
        if control is not None:
            now = self._clock()
            control.send(permit, now)
            self.rests.set(permit.site, control.ready_at(), now)

    def begin_answer(self, permit: Permit) -> None:
        """Note that the answer to the request of a permit has begun, and more is to come."""
        if (control := self._controls.busy.get(permit.site)) is not None:
            control.begin_answer(permit)

    def give_back(self, permit: Permit, ending: Ending = NOTHING_LEARNED) -> None:
        """Give a permit back. Raises ValueError if it was given back before."""
        control = self._controls.busy.get(permit.site)
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
            self._controls.set_idle(permit.site, control)
        self.rests.set(permit.site, control.ready_at(), now)

    def observe(self, site: str, started_at: float, in_flight: int, ending: Ending) -> SiteControl:
        """Learn from a request that took no permit; return the site's control.

        in_flight: requests in flight at the site when it started, itself included.
        """
        now = self._clock()
        control = self._control(site)
        control.observe(started_at, in_flight, now, ending)
        if not control.in_flight:
            self._controls.set_idle(site, control)
        return control

    def note(self, site: str, ending: Ending) -> None:
        """Obey the Retry-After or quota in the answer to a request without a permit."""
        self._change(site, lambda control, now: control.note(now, ending))

    def set_delay(self, site: str, delay_s: float) -> None:
        """Start one request at a time at ``site``, at least ``delay_s`` seconds apart; 0: no delay.

        The delay counts from the latest start, also if that was before this call.
        """
        if not 0 <= delay_s < inf:
            raise ValueError(f"a delay must be finite and not negative, not {delay_s}")
        control = self._controls.find(self._name(site))
        if control is None and not delay_s:
            return
        self._change(site, lambda control, _: control.set_delay(delay_s))

    def rest_until(self, site: str, when: float) -> None:
        """Start nothing at ``site`` before ``when`` (unix seconds); never shortens a rest."""
        if not when < inf:
            raise ValueError(f"a rest must end, not last until {when}")
        self._change(site, lambda control, _: control.rest(when))

    def lift(self, site: str) -> None:
        """End all that ``site`` would wait for: nothing is sent to it any more."""
        self._change(site, lambda control, _: control.lift())

    def away(self, site: str) -> tuple[float, float]:
        """Return for how many seconds ``site`` has been down, and when it last answered (-inf)."""
        control = self._controls.find(self._name(site))
        return control.away(self._clock()) if control is not None else (0.0, -inf)

    def begin_carefully(self, site: str) -> None:
        """Start ``site`` with one request in flight, and allow one more with each answer."""
        self._change(site, lambda control, _: control.begin_carefully())

    def adopt(self, renew: Callable[[str, SiteControl, float], None]) -> None:
        """Call ``renew`` with the name and control of each site, and the time."""
        now = self._clock()
        for name, control in self._controls:
            renew(name, control, now)
            self.rests.set(name, control.ready_at(), now)

    def in_flight(self, site: str) -> int:
        """Return how many permits ``site`` has taken."""
        control = self._controls.busy.get(self._name(site))
        return control.in_flight if control else 0

    def control_of(self, site: str) -> SiteControl | None:
        """Return the control of ``site``, for reading only; None if it has none."""
        return self._controls.find(self._name(site))

    def view(self, site: str) -> SiteView | None:
        """Return the state of ``site``; None if it has no control."""
        control = self.control_of(site)
        return view_of(control, self._clock()) if control is not None else None

    def busy_views(self) -> dict[str, SiteView]:
        """Return the states of the sites with requests in flight."""
        now = self._clock()
        return {name: view_of(control, now) for name, control in self._controls.busy.items()}

    def views(self) -> dict[str, SiteView]:
        """Return the state of every site that has a control."""
        now = self._clock()
        return {name: view_of(control, now) for name, control in self._controls}

    def members(self, site: str) -> Iterable[str]:
        """Return the sites that share the control of ``site``, itself included."""
        return self._members.get(self._name(site), ()) if self._group_of else (site,)

    def resting(self) -> dict[str, float]:
        """Return the sites that rest, for over a second in all, and when each rest ends."""
        names = self.rests.current(self._clock())
        if self._group_of is None:
            return names
        return {site: names[name] for name in names for site in self._members.get(name, ())}

    def next_ready(self) -> float | None:
        """Return when the first of ``resting`` ends its rest (unix seconds); None without any.

        Its site may then be at its limit, and have to wait for ``give_back``.
        """
        return self.rests.first_end(self._clock())

    def recall(self, learned: Mapping[str, Learned]) -> None:
        """Let sites continue from what an earlier crawl learned, and rest as long."""
        self._controls.recall(learned)
        now = self._clock()
        for name, found in learned.items():
            if until := found.rest_at(now):
                self.rests.set(name, until, now)

    def take_learned(self) -> dict[str, Learned]:
        """Return what was learned since the last call, by site."""
        changed = self._changed | self.rests.long
        self._changed.clear()
        self.rests.long.clear()
        found: dict[str, Learned] = {}
        for name in changed:
            if (learned := self._controls.learned(name)) is not None:
                found[name] = learned
        return found

    def _name(self, site: str) -> str:
        if self._group_of is None:
            return site
        name = self._group_of(site)
        self._members.setdefault(name, set()).add(site)
        return name

    def _control(self, name: str) -> SiteControl:
        control = self._controls.find(name)
        if control is None:
            control = self._controls.make(name, self._clock())
            if (until := self.rests.end_of(name)) is not None:
                control.rest(until)
        return control

    def _change(self, site: str, change: Callable[[SiteControl, float], None]) -> None:
        now = self._clock()
        name = self._name(site)
        control = self._control(name)
        change(control, now)
        if not control.in_flight:
            self._controls.set_idle(name, control)
        self.rests.set(name, control.ready_at(), now)

    def _share(self, control: SiteControl | None, now: float) -> float:
        """Return how much of the budget a site may have; infinite if its demand fits."""
        if now >= self._shares.until:
            asked, self._asked = self._asked | self._controls.busy.keys(), set()
            self._shares.divide([self._controls.find(name) for name in asked], now)
        return self._shares.of(control)
