"""The controls of sites: made when they are needed, reduced to what was learned later. Pure."""

from __future__ import annotations

from collections import OrderedDict
from itertools import chain
from typing import TYPE_CHECKING

from crawlproj.limits.learned import Learned, LearnedSites

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from crawlproj.limits.site import SiteControl


class Controls:
    """A ``SiteControl`` for each site that was used lately, by its name.

    make: builds the control of a new site.
    max_idle: how many controls of sites with nothing in flight are kept. Of sites used longer ago,
        only what was learned remains, for 100,000 sites.
    busy: those of the sites with requests in flight; for reading only.
    """

    def __init__(self, make: Callable[[str], SiteControl], max_idle: int) -> None:
        self.busy: dict[str, SiteControl] = {}
        self._make = make
        self._max_idle = max_idle
        self._idle: OrderedDict[str, SiteControl] = OrderedDict()  # used longest ago first
        self._learned = LearnedSites()

    def __iter__(self) -> Iterator[tuple[str, SiteControl]]:
        return chain(self._idle.items(), self.busy.items())

    def find(self, name: str) -> SiteControl | None:
        """Return the control of a site, if it has one."""
        return self.busy.get(name) or self._idle.get(name)

    def make(self, name: str, now: float) -> SiteControl:
        """Return a new control, which goes on from what was learned about its site."""
        control = self._make(name)
        if (learned := self._learned.pop(name, None)) is not None:
            control.recall(learned, now)
        return control

    def set_busy(self, name: str, control: SiteControl) -> None:
        """Keep a control whose site has requests in flight."""
        self._idle.pop(name, None)
        self.busy[name] = control

    def set_idle(self, name: str, control: SiteControl) -> None:
        """Keep a control whose site has none; reduce the one that was used longest ago."""
        self.busy.pop(name, None)
        self._idle[name] = control
        self._idle.move_to_end(name)
        if len(self._idle) > self._max_idle:
            forgotten, old = self._idle.popitem(last=False)
            if (learned := old.learned()) is not None:
                self._learned.keep({forgotten: learned})

    def recall(self, learned: Mapping[str, Learned]) -> None:
        """Let sites that have no control yet continue from what an earlier crawl learned."""
        self._learned.keep(learned)

    def learned(self, name: str) -> Learned | None:
        """Return what was learned about a site, if anything."""
        control = self.find(name)
        return control.learned() if control is not None else self._learned.get(name)
