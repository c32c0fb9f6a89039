"""Tells a site that answers 503 to what comes too fast from one that cannot serve more. Pure."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

from crawlproj.limits.recurring_lockouts import RecurringLockouts
from crawlproj.limits.trial import Trial

_WINDOW, _REFUSED = 32, 6  # answers to requests that were alone, and how many of them are refusals
_TRIALS = 4  # pages that are asked for again soon
_ENDS = 2  # times that an answer followed a refusal there; in an outage, none does
_SETTLING, _JUDGED = 32, 96  # answers until a rate is found, and then until it is judged
_MANY = 0.15  # of the answers since


class Unavailable:
    """Watches the 503s of a site, or its connections without an answer.

    By default, nginx refuses with 503 what exceeds a rate. Fewer requests in flight do not help
    there, because even one after another is too fast. So a site limits its rate
    if it refuses requests that were *alone* in flight, at least 6 of 32, answers others between
    them, as a site that is down does not, and has answered a page that it had refused: one that is
    broken is refused each time.

    To find the latter out soon, up to 4 pages that were refused are asked for again before others.

    A limiter that punishes refuses everything for a while, as a site does that is down. It does so
    again after as many answers; see ``RecurringLockouts``. That shows it, too.

    If 15 % are still refused once there was time to find the rate, that was wrong, and stays so.

    answered: requests that were answered before. limits_rate: what is believed.
    """

    __slots__ = (
        "_alone",
        "_answered_later",
        "_lockouts",
        "_trial",
        "_trials",
        "_was_wrong",
        "limits_rate",
    )

    def __init__(self, answered: int = 0) -> None:
        self.limits_rate = False
        self._alone: deque[bool] = deque(maxlen=_WINDOW)  # whether each was refused
        self._answered_later = False  # a page that it had refused
        self._lockouts = RecurringLockouts(answered)
        self._trial = Trial(_SETTLING, _JUDGED, _MANY)
        self._was_wrong = False
        self._trials = _TRIALS

    def tries(self) -> bool:
        """Return whether to ask soon again for a page that was refused."""
        if self.limits_rate or self._answered_later or not self._is_likely():
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
        if self.limits_rate:
            if self._trial.note(bad=refused) is False:
                self.limits_rate, self._was_wrong = False, True
            return
        self._answered_later = self._answered_later or (again and not refused)
        if alone:
            self._alone.append(refused)
        if refused:
            self._lockouts.on_refused(started_at, in_flight)
        else:
            self._lockouts.on_answer(started_at, in_flight)
        self.limits_rate = self._answered_later and (self._lockouts.recur or self._is_likely())

    def _is_likely(self) -> bool:
        ends = sum(before and not after for before, after in pairwise(self._alone))
        return sum(self._alone) >= _REFUSED and ends >= _ENDS
