"""Tells a site that refuses too much at once with 429 from one that limits its rate. Pure."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

from crawlproj.limits.trial import Trial

_WINDOW = 512  # answers and refusals
_ANSWERED = 24  # of them, with no more in flight than the limit, at least
_AT_LIMIT = 4  # answers with as much in flight as the limit
_TIMES = 2  # that a refusal followed an answer
_BY_CHANCE = 1e-4  # probability that all refusals met more in flight, as few answers did
_ALONE = 2  # refusals of requests that were alone, which show a limit of the rate
_SETTLING, _JUDGED = 32, 96  # answers until the limit has gone down, and then until it is judged
_MANY = 0.15  # of the answers since


class AtOnce:
    """Watches the 429s of a site.

    A limit of requests at once (nginx's ``limit_conn``, a semaphore in an application) refuses all
    that comes with more in flight than it allows, and nothing that comes with less. A limit of the
    rate refuses and answers with the same number in flight. So it is the former if there is such a
    number: none of 24 is refused with less in flight or as much. A few are answered with one more,
    because the site has ended a request before we know it; so few that the refusals cannot have
    met as much by chance.

    If two requests that were alone are refused since, or 15 % of all once there was time for the
    limit to go down, that was wrong, and stays so.

    highest: the most that was in flight when a request was sent that was answered, before the first
        refusal. limits: what is believed.
    """

    __slots__ = (
        "_alone",
        "_highest",
        "_trial",
        "_was_wrong",
        "_window",
        "limits",
    )

    def __init__(self, highest: int) -> None:
        self.limits = False
        self._highest = highest
        self._window: deque[tuple[int, bool]] = deque(maxlen=_WINDOW)  # in flight; whether refused
        self._trial = Trial(_SETTLING, _JUDGED, _MANY)
        self._alone = 0  # refusals of requests that were alone, in this trial
        self._was_wrong = False

    def note(self, *, refused: bool, in_flight: int) -> None:
        """Note an answer or a refusal.

        in_flight: requests in flight at the site when it was sent, itself included.
        """
        if self._was_wrong:
            return
        if self.limits:
            self._judge(refused=refused, alone=in_flight == 1)
            return
        self._window.append((in_flight, refused))
        if len(self._window) == _WINDOW:
            self._highest = 0  # long ago
        if refused:
            self.limits = self._is_apart()

    def _is_apart(self) -> bool:
        limit = min(in_flight for in_flight, refused in self._window if refused) - 1
        refused_above = sum(refused for _, refused in self._window)
        if limit < max(1, self._highest - 1) or refused_above < _TIMES:
            return False
        answered = [in_flight for in_flight, refused in self._window if not refused]
        answered_above = sum(in_flight > limit for in_flight in answered)
        begins = sum(after and not before for (_, before), (_, after) in pairwise(self._window))
        share = (answered_above + 1) / (len(answered) + 2)
        return (
            share**refused_above < _BY_CHANCE
            and len(answered) - answered_above >= _ANSWERED
            and answered.count(limit) >= _AT_LIMIT
            and begins >= _TIMES
        )

    def _judge(self, *, refused: bool, alone: bool) -> None:
        self._alone += refused and alone
        holds = self._trial.note(bad=refused)
        if self._alone >= _ALONE or holds is False:
            self.limits, self._was_wrong = False, True
        elif holds:
            self._alone = 0
