"""Tells a site that refuses too much at once with 429 from one that limits its rate. Pure."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

from crawlproj.limits.trial import Trial

_WINDOW = 512  # answers and refusals
_ANSWERED = 24  # of them, with no more in flight than the limit, at least
_AT_LIMIT = 4  # answers with as much in flight as the limit
_BY_CHANCE = 1e-4  # probability that all times of refusals met more in flight, as few answers did
_FEWEST = 3  # in flight: two that start together are refused by a limit of the rate as well
_PRESUMED, _PRESUMED_AT_LIMIT = 0.02, 2  # instead of 1e-4 and 4, and of any number of answers
_LOWER = 1  # refusals with less in flight than those before: requests overtake one another
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
    met as much by chance. Refusals without an answer between them count once, because an empty
    bucket refuses all.

    Until that is known, it is *presumed* if the first refusal met more in flight than any answer,
    at least three, or as soon as the times of refusals met more by chance with a probability below
    2 %. To be wrong costs little: the site is asked as fast as it answers with less in flight, and
    the next refusal shows it if as much was answered meanwhile, or if it is the second one with
    less in flight than those before. Then it is not presumed again.

    If two requests that were alone are refused since it is known, or 15 % of all once there was
    time for the limit to go down, that was wrong, and stays so.

    highest: the most that was in flight when a request was sent that was answered, before the first
        refusal. presumes: whether the first refusal may show it; not where a rate is known.
    limits: what is believed or presumed.
    """

    __slots__ = (
        "_alone",
        "_highest",
        "_is_known",
        "_lower",
        "_lowest",
        "_presumes",
        "_presumes_first",
        "_trial",
        "_was_wrong",
        "_window",
        "limits",
    )

    def __init__(self, highest: int, *, presumes: bool = True) -> None:
        self.limits = False
        self._highest = highest
        self._window: deque[tuple[int, bool]] = deque(maxlen=_WINDOW)  # in flight; whether refused
        self._presumes_first, self._presumes = presumes, True
        self._lowest = 0  # in flight, of what was refused since it is presumed
        self._lower = 0  # refusals with less in flight than those before
        self._is_known = False
        self._trial = Trial(_SETTLING, _JUDGED, _MANY)
        self._alone = 0  # refusals of requests that were alone, in this trial
        self._was_wrong = False

    def note(self, *, refused: bool, in_flight: int, timed: bool = False) -> None:
        """Note an answer or a refusal.

        in_flight: requests in flight at the site when it was sent, itself included.
        timed: whether the refusal says when to come again, which a limit of requests at once cannot
            know; then nothing is presumed.
        """
        if self._was_wrong:
            return
        if self._is_known:
            self._judge(refused=refused, alone=in_flight == 1)
            return
        self._window.append((in_flight, refused))
        if len(self._window) == _WINDOW:
            self._highest = 0  # long ago
        if refused:
            self._is_known = self._is_apart(_BY_CHANCE, _ANSWERED, _AT_LIMIT)
            self.limits = self._is_known or self._is_presumed(in_flight, timed=timed)

    def _is_apart(self, by_chance: float, least: int, at_limit: int) -> bool:
        """Return whether a number in flight separates answers from refusals.

        least: answers with no more in flight; at_limit: with as much.
        """
        limit = min(in_flight for in_flight, refused in self._window if refused) - 1
        if limit < max(1, self._highest - 1):
            return False
        answered = [in_flight for in_flight, refused in self._window if not refused]
        answered_above = sum(in_flight > limit for in_flight in answered)
        begins = sum(after and not before for (_, before), (_, after) in pairwise(self._window))
        share = (answered_above + 1) / (len(answered) + 2)
        return (
            share**begins < by_chance
            and len(answered) - answered_above >= least
            and answered.count(limit) >= at_limit
        )

    def _is_presumed(self, in_flight: int, *, timed: bool) -> bool:
        if self.limits:
            self._presumes = self._agrees(in_flight)
            return self._presumes
        if timed or not self._presumes:
            return False
        self._lowest = min(in_flight for in_flight, refused in self._window if refused)
        if len(self._window) == 1:
            return self._presumes_first and in_flight >= _FEWEST and in_flight > self._highest
        return self._is_apart(_PRESUMED, 0, _PRESUMED_AT_LIMIT) and self._agrees(self._lowest)

    def _agrees(self, in_flight: int) -> bool:
        """Return whether a refusal with ``in_flight`` agrees with what is presumed."""
        as_much = [refused for number, refused in self._window if number >= in_flight]
        refused = sum(as_much)
        answered = len(as_much) - refused
        if in_flight >= self._lowest:
            return answered <= refused + 1
        self._lowest = in_flight
        self._lower += 1
        return not answered and self._lower <= _LOWER

    def _judge(self, *, refused: bool, alone: bool) -> None:
        self._alone += refused and alone
        holds = self._trial.note(bad=refused)
        if self._alone >= _ALONE or holds is False:
            self.limits, self._was_wrong = False, True
        elif holds:
            self._alone = 0
