"""Tells a site that answers 500 because of too much at once from one with broken pages. Pure."""

from __future__ import annotations

from collections import deque

from crawlproj.limits import evidence
from crawlproj.limits.trial import Trial

_WINDOW = 64  # answers
_FAILED, _SHARE = 4, 0.1  # of them, at least
_EVIDENCE = 16.0  # see evidence.py
_RETRIED, _RECOVERED = 8, 3  # pages that were asked for again, and how many of them were answered
_BROKEN = 16  # pages in a row that fail again with few in flight
_SETTLING, _JUDGED = 64, 128  # answers until the limit has gone down, and then until it is judged
_HELPED = 0.5  # of the share of failures before


class Failing:
    """Watches the 500s of a site.

    An application whose pool of database connections is empty answers 500, and so does one with an
    error in a page. It is overloaded if at least a tenth of its answers fail, and either more of
    them do the more is in flight, or pages that had failed are answered later: 3 of the last 8.

    To find that out soon, up to 8 pages that failed are asked for again before others; later, one
    for each 64 answers.

    If 16 pages in a row fail again with half as much in flight, or the share of failures is not
    halved once there was time for the limit to go down, that was wrong, and stays so.

    overloads: what is believed.
    """

    __slots__ = (
        "_broken",
        "_few",
        "_many",
        "_retried",
        "_trial",
        "_trials",
        "_was_wrong",
        "_window",
        "overloads",
    )

    def __init__(self) -> None:
        self.overloads = False
        self._window: deque[tuple[int, bool]] = deque(maxlen=_WINDOW)  # in flight; whether failed
        self._retried: deque[bool] = deque(maxlen=_RETRIED)  # whether answered
        self._trial: Trial | None = None  # while it is believed
        self._was_wrong = False
        self._many = False  # failures lately
        self._few = 0.0  # half of what was in flight when pages failed
        self._broken = 0  # pages that failed again with so few in flight, since one was answered
        self._trials: float = _RETRIED

    def tries(self) -> bool:
        """Return whether to ask soon again for a page that failed, to see whether it is broken."""
        if self.overloads or self._was_wrong or not self._many or self._trials < 1:
            return False
        self._trials -= 1
        return True

    def note(self, *, failed: bool, in_flight: int, again: bool) -> None:
        """Note an answer.

        in_flight: requests in flight at the site when it was sent, itself included. again: whether
        the page was asked for before, without success.
        """
        if self._was_wrong:
            return
        if again:
            self._retried.append(not failed)
            if not failed:
                self._broken = 0
            elif in_flight <= self._few:
                self._broken += 1
            if self.overloads and self._broken >= _BROKEN:
                self.overloads, self._was_wrong = False, True
            if failed:
                return  # a page counts once
        if self._trial is not None:
            if self._trial.note(bad=failed) is False:
                self.overloads, self._was_wrong = False, True
            return
        self._window.append((in_flight, failed))
        self._trials = min(_RETRIED, self._trials + 1 / _WINDOW)
        if failed or again:
            self._weigh()

    def _weigh(self) -> None:
        failures = sum(failed for _, failed in self._window)
        share = failures / max(1, len(self._window))
        self._many = failures >= _FAILED and share >= _SHARE
        if not self._many:
            return
        if sum(self._retried) >= _RECOVERED or evidence.of_a_step(self._window) > _EVIDENCE:
            self.overloads = True
            self._trial = Trial(_SETTLING, _JUDGED, _HELPED * share)
            crowds = sum(in_flight for in_flight, failed in self._window if failed)
            self._few = crowds / failures / 2
