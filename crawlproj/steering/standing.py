"""The commands of a job that hold at a worker: who is paused, which limits apply, what is skipped.

Of the commands about the same thing, the latest that matches a site counts. So ``pause *`` and then
``resume a.test`` leave a.test running, alone. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from math import inf
from operator import attrgetter
from typing import TYPE_CHECKING

from crawlproj.frontier.commands import Verb, matches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crawlproj.frontier.commands import Command

ALL = "*"
"""The pattern of all sites."""

LIMITS = ("limit", "max", "rate", "delay")
"""What LIMIT may change: requests in flight, the most of them that may be learned, requests/s,
seconds between two starts."""


def until_of(command: Command) -> float:
    """Return when a command ends by itself (unix seconds); infinite if it does not."""
    until = command.arguments.get("until")
    return inf if until is None else float(until)


@dataclass(frozen=True, slots=True)
class Wishes:
    """The limits that were commanded for a site, each with the command; None where none was."""

    values: dict[str, float] = field(default_factory=dict)
    by: dict[str, Command] = field(default_factory=dict)

    def get(self, name: str) -> float | None:
        """Return one of LIMITS."""
        return self.values.get(name)

    def __bool__(self) -> bool:
        return bool(self.values)


@dataclass(slots=True)
class Standing:
    """The commands of a log that hold at one moment.

    pauses: pauses, drains and resumptions of sites. limits: LIMIT commands. skips: SKIP commands.
    All are in the order of the log, without those that later ones replace. ends: the command that
    ends this worker, if there is one.
    """

    pauses: list[Command] = field(default_factory=list)
    limits: list[Command] = field(default_factory=list)
    skips: list[Command] = field(default_factory=list)
    ends: Command | None = None

    @classmethod
    def of(
        cls,
        commands: Iterable[Command],
        now: float,
        *,
        generation: int,
        worker: str = "",
        began_after: int = 0,
    ) -> Standing:
        """Return what holds ``now``.

        commands: the log, oldest first. generation: of the job; skips belong to one.
        worker: the name of this worker. began_after: the last command when its run began; drains
            are meant for the run in which they are given.
        """
        pauses, limits = _BySite(), _BySite()
        skips: list[Command] = []
        ends: Command | None = None
        for command in commands:
            if until_of(command) <= now:
                continue
            match command.verb:
                case Verb.PAUSE:
                    pauses.replace(command)
                case Verb.RESUME:
                    if site_of(command) == ALL:
                        ends = None
                    pauses.forget(command)
                    if pauses.meets(command):  # else there is nothing to except its sites from
                        pauses.add(command)
                case Verb.DRAIN if command.id > began_after and _is_for(command, worker):
                    if site_of(command) == ALL:
                        ends = command
                    else:
                        pauses.replace(command)
                case Verb.LIMIT:
                    limits.forget(command, partial(_is_replaced, by=command))
                    if _changed(command) or limits.meets(command):
                        limits.add(command)
                case Verb.SKIP if command.generation == generation:
                    skips.append(command)
        return cls(pauses.in_order(), limits.in_order(), skips, ends)

    @property
    def active(self) -> tuple[Command, ...]:
        """The commands that hold; if they are the same, nothing has changed."""
        ends = [self.ends] if self.ends is not None else []
        return (*self.pauses, *self.limits, *self.skips, *ends)

    @property
    def pauses_any(self) -> bool:
        """Whether any site may be paused."""
        return bool(self.pauses) or self.ends is not None

    @property
    def drains_any(self) -> bool:
        """Whether any site is drained."""
        return any(command.verb is Verb.DRAIN for command in self.pauses)

    @property
    def pauses_all(self) -> bool:
        """Whether no site may start a request."""
        if self.ends is not None:
            return True
        last = self.pauses[-1] if self.pauses else None
        return last is not None and last.verb is Verb.PAUSE and site_of(last) == ALL

    def paused_by(self, site: str) -> Command | None:
        """Return the PAUSE or DRAIN because of which ``site`` starts no request; None if none."""
        if self.ends is not None:
            return self.ends
        last = next((one for one in reversed(self.pauses) if _takes(one, site)), None)
        return None if last is None or last.verb is Verb.RESUME else last

    def wishes(self, site: str) -> Wishes:
        """Return the limits that were commanded for ``site``."""
        values: dict[str, float] = {}
        by: dict[str, Command] = {}
        for command in self.limits:
            if not _takes(command, site):
                continue
            given = {name: command.arguments.get(name) for name in LIMITS}
            if command.arguments.get("reset"):
                values.clear()
                by.clear()
            if given["limit"] is not None or given["max"] is not None:
                for name in ("limit", "max"):  # one replaces the other
                    values.pop(name, None)
                    by.pop(name, None)
            for name, value in given.items():
                if value is not None:
                    values[name], by[name] = float(value), command
        return Wishes(values, by)

    def skipper(self) -> Callable[[str, str], Command | None] | None:
        """Return a function that finds the SKIP of an entry (site, URL); None if there is none."""
        if not self.skips:
            return None
        selections = [(one, one.selection, one.selection.url_matcher()) for one in self.skips]

        def skips(site: str, url: str) -> Command | None:
            return next(
                (one for one, of, matches in selections if of.takes_site(site) and matches(url)),
                None,
            )

        return skips


def site_of(command: Command) -> str:
    """Return the pattern of the sites that a command is about."""
    return str(command.arguments.get("site") or ALL)


def _takes(command: Command, site: str) -> bool:
    return matches(site, site_of(command))


def _is_for(command: Command, worker: str) -> bool:
    return bool(command.arguments.get("worker", worker) == worker)


def _is_pattern(site: str) -> bool:
    return any(char in site for char in "*?[")


def _changed(command: Command) -> set[str]:
    """Return which of LIMITS a LIMIT replaces."""
    names = {name for name in LIMITS if command.arguments.get(name) is not None}
    return names | {"limit", "max"} if names & {"limit", "max"} else names


def _is_replaced(earlier: Command, *, by: Command) -> bool:
    """Return whether nothing is left of a LIMIT where a later one holds."""
    if by.arguments.get("reset"):
        return True
    return _changed(earlier) <= _changed(by) and not earlier.arguments.get("reset")


class _BySite:
    """Commands by their sites, so that one for a single site need not be compared with all."""

    def __init__(self) -> None:
        self._commands: dict[str, list[Command]] = {}
        self._patterns: set[str] = set()  # among the sites

    def add(self, command: Command) -> None:
        """Add a command that is later than all others."""
        site = site_of(command)
        self._commands.setdefault(site, []).append(command)
        if _is_pattern(site):
            self._patterns.add(site)

    def forget(
        self, later: Command, is_replaced: Callable[[Command], bool] = lambda _: True
    ) -> None:
        """Forget those that ``is_replaced`` among the ones whose sites are all sites of ``later``.

        Of two patterns, only equal ones, and "*", are known to be about the same sites.
        """
        site = site_of(later)
        for one in list(self._commands) if _is_pattern(site) else [site]:
            if site not in {ALL, one} and (_is_pattern(one) or not matches(one, site)):
                continue
            left = [command for command in self._commands.pop(one, ()) if not is_replaced(command)]
            if left:
                self._commands[one] = left
            else:
                self._patterns.discard(one)

    def replace(self, command: Command) -> None:
        """Add a command, and forget those whose sites are all sites of it."""
        self.forget(command)
        self.add(command)

    def meets(self, command: Command) -> bool:
        """Return whether a site may exist that ``command`` and one of these are about."""
        site = site_of(command)
        if not _is_pattern(site):
            return site in self._commands or any(matches(site, one) for one in self._patterns)
        return bool(self._patterns) or any(matches(one, site) for one in self._commands)

    def in_order(self) -> list[Command]:
        """Return the commands in the order of the log."""
        return sorted(chain.from_iterable(self._commands.values()), key=attrgetter("id"))
