"""Tells a site that answers 503 to what comes too fast from one that cannot serve more. Pure."""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING

from crawlproj.limits import evidence
from crawlproj.limits.recurring_lockouts import RecurringLockouts
from crawlproj.limits.slower import Slower

if TYPE_CHECKING:
    from collections.abc import Iterable

_WINDOW, _REFUSED = 48, 4  # answers to requests that were alone, and how many of them are refusals
_TRIALS = 16  # pages that are asked for again soon
_ENDS = 2  # times that an answer followed a refusal there; in an outage, none does
_CHANCE = 0.5  # the highest share of requests that fail by chance
_ENOUGH, _ENOUGH_OF_LOCKOUTS = 16.0, 10.0  # see evidence.py


class Unavailable:
    """Watches the 503s of a site, or its connections without an answer.

    By default, nginx refuses with 503 what exceeds a rate. Fewer requests in flight do not help
    there, because even one after another is too fast. So a site may limit its rate if it refuses
    requests that were *alone* in flight, at least 4 of 48, answers others between them, as a site
    that is down does not, and has answered a page that it had refused: one that is broken is
    refused each time.

    Requests that fail by chance, such as those that a load balancer sends to a server that is
    broken, do all that as well. But chance depends neither on the time nor on the request before. A
    limiter refuses what comes soon after an answer, or one request after another. So a site limits
    its rate if the requests that were alone show either (see ``evidence``), or if more than half of
    them are refused.

    Until then, up to 16 pages that were refused are asked for again before others, to find out soon
    whether they are broken. That costs no attempt.

    A limiter that punishes refuses everything for a while, as a site does that is down. It does so
    again after as many answers; see ``RecurringLockouts``. That shows it, too, if chance does not
    explain so many refusals in a row.

    If as many are refused at a lower rate (``Slower``), that was wrong, and stays so.

    answered: requests that were answered before. limits_rate: what is believed.
    """

    __slots__ = (
        "_alone",
        "_answered_at",
        "_answered_later",
        "_latest",
        "_lockouts",
        "_slower",
        "_trials",
        "_was_wrong",
        "limits_rate",
    )

    def __init__(self, answered: int = 0) -> None:
        self.limits_rate = False
        # Seconds since the latest request that was answered, negative, and whether it was refused.
        self._alone: deque[tuple[float, bool]] = deque(maxlen=_WINDOW)
        self._latest: deque[tuple[float, bool]] = deque(maxlen=_WINDOW)  # start, whether refused
        self._answered_at = -inf  # start of the latest request that was answered
        self._answered_later = False  # a page that it had refused
        self._lockouts = RecurringLockouts(answered)
        self._slower: Slower | None = None  # while it is believed
        self._was_wrong = False
        self._trials = _TRIALS

    def tries(self) -> bool:
        """Return whether to ask soon again for a page that was refused."""
        if self.limits_rate or self._was_wrong or not self._may_limit():
            return False
        self._trials -= 1
        return self._trials >= 0

    def note(
        self, started_at: float, in_flight: int, *, refused: bool, alone: bool, again: bool
    ) -> None:
        """Note an answer, or a refusal, to a request that was sent then (seconds).

        in_flight: requests in flight at the site when it was sent, itself included. alone: whether
        that is one, and the refusal says nothing of when to come back. again: whether it was sent
        before, without success.
        """
        if self._was_wrong:
            return
        if self._slower is not None:
            if self._slower.note(started_at, refused=refused):
                self.limits_rate, self._was_wrong, self._slower = False, True, None
            return
        self._answered_later = self._answered_later or (again and not refused)
        self._latest.append((started_at, refused))
        if alone:
            self._alone.append((self._answered_at - started_at, refused))
        if refused:
            self._lockouts.on_refused(started_at, in_flight)
        else:
            self._lockouts.on_answer(started_at, in_flight)
            self._answered_at = max(self._answered_at, started_at)
        if self._answered_later and (refused or again) and self._is_shown():
            self.limits_rate, self._slower = True, Slower(self._latest)

    def _may_limit(self) -> bool:
        ends = sum(before and not after for before, after in pairwise(_refused(self._alone)))
        return sum(_refused(self._alone)) >= _REFUSED and ends >= _ENDS

    def _is_shown(self) -> bool:
        if self._lockouts.recur:
            of_runs = evidence.of_runs(_refused(self._latest), _CHANCE)
            if of_runs > _ENOUGH_OF_LOCKOUTS:
                return True
        return self._may_limit() and (
            evidence.of_a_step(self._alone, _CHANCE) > _ENOUGH
            or evidence.of_runs(_refused(self._alone), _CHANCE) > _ENOUGH
        )


def _refused(requests: Iterable[tuple[float, bool]]) -> Iterable[bool]:
    return (refused for _, refused in requests)
