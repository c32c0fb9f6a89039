"""The commands of a job that hold at a worker: who is paused, which limits apply, what is skipped.

Of the commands about the same thing, the latest that matches a site counts. So ``pause *`` and then
``resume a.test`` leave a.test running, alone. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
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

    rests: pauses, drains and resumptions of sites. limits: LIMIT commands. skips: SKIP commands.
    All are in the order of the log, without those that have no effect any more because later ones
    replace them. ends: the command that ends this worker, if there is one.
    """

    rests: list[Command] = field(default_factory=list)
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
        standing = cls()
        for command in commands:
            if until_of(command) <= now:
                continue
            match command.verb:
                case Verb.PAUSE:
                    standing._rest(command)
                case Verb.RESUME:
                    standing._resume(command)
                case Verb.DRAIN if command.id > began_after:
                    standing._drain(command, worker)
                case Verb.LIMIT:
                    standing._limit(command)
                case Verb.SKIP if command.generation == generation:
                    standing.skips.append(command)
        return standing

    def _rest(self, command: Command) -> None:
        """Add a command about rests, in the place of those that it replaces."""
        self.rests = [one for one in self.rests if not _covers(command, one)]
        self.rests.append(command)

    def _resume(self, command: Command) -> None:
        if site_of(command) == ALL:
            self.ends = None
        self._rest(command)
        if not any(_may_meet(command, one) for one in self.rests[:-1]):
            self.rests.pop()  # nothing is left from which it excepts its sites

    def _limit(self, command: Command) -> None:
        """Add a LIMIT, in the place of those that it replaces."""
        resets, names = bool(command.arguments.get("reset")), _changed(command)
        self.limits = [
            one
            for one in self.limits
            if not _covers(command, one)
            or not (resets or (_changed(one) <= names and not one.arguments.get("reset")))
        ]
        if names or any(_may_meet(command, one) for one in self.limits):
            self.limits.append(command)

    def _drain(self, command: Command, worker: str) -> None:
        if command.arguments.get("worker", worker) != worker:
            return
        if site_of(command) == ALL:
            self.ends = command
        else:
            self._rest(command)

    @property
    def active(self) -> tuple[Command, ...]:
        """The commands that hold; if they are the same, nothing has changed."""
        ends = [self.ends] if self.ends is not None else []
        return (*self.rests, *self.limits, *self.skips, *ends)

    @property
    def rests_any(self) -> bool:
        """Whether any site may be held."""
        return bool(self.rests) or self.ends is not None

    @property
    def drains_any(self) -> bool:
        """Whether any site is drained."""
        return any(command.verb is Verb.DRAIN for command in self.rests)

    @property
    def holds_all(self) -> bool:
        """Whether no site may start a request."""
        if self.ends is not None:
            return True
        last = self.rests[-1] if self.rests else None
        return last is not None and last.verb is Verb.PAUSE and site_of(last) == ALL

    def holder(self, site: str) -> Command | None:
        """Return the PAUSE or DRAIN because of which ``site`` starts no request; None if none."""
        if self.ends is not None:
            return self.ends
        last = next((one for one in reversed(self.rests) if _takes(one, site)), None)
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


def _is_pattern(site: str) -> bool:
    return any(char in site for char in "*?[")


def _covers(later: Command, earlier: Command) -> bool:
    """Return whether ``later`` is certain to be about every site of ``earlier``."""
    new, old = site_of(later), site_of(earlier)
    return new in {ALL, old} or (not _is_pattern(old) and matches(old, new))


def _may_meet(one: Command, other: Command) -> bool:
    """Return whether a site may exist that both commands are about."""
    first, second = site_of(one), site_of(other)
    if not _is_pattern(first):
        return matches(first, second)
    return _is_pattern(second) or matches(second, first)


def _changed(command: Command) -> set[str]:
    """Return which of LIMITS a LIMIT replaces."""
    names = {name for name in LIMITS if command.arguments.get(name) is not None}
    return names | {"limit", "max"} if names & {"limit", "max"} else names
